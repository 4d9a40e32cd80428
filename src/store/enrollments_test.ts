import assert from "node:assert/strict";
import { assertDeepEqual } from "../../tests/kit/instants.ts";
import { openTempStore } from "../../tests/kit/data_dir.ts";
import { PortunusError } from "../core/errors.ts";
import { ClientRepository } from "./clients.ts";
import {
  EnrollmentRepository,
  type NewCode,
  type Redeemed,
  type Redemption,
} from "./enrollments.ts";
import type { Store } from "./open.ts";

const NOW = Temporal.Instant.from("2026-01-01T00:00:00.5Z");
const after = (seconds: number) => NOW.add({ seconds });

const EDGE = "01J00000000000000000000000";
const OTHER = "01J00000000000000000000001";

/** What the tests say of a code; the rest is the same in all. */
function code(hash: string, options: Partial<NewCode> = {}): NewCode {
  return {
    subject: { kind: "new", clientId: EDGE, clientName: "edge", clientAddress: "192.0.2.1" },
    codeHash: hash,
    now: NOW,
    expiresAt: after(600),
    endpoint: "server:7443",
    ...options,
  };
}

function redemption(hash: string, options: Partial<Redemption> = {}): Redemption {
  return {
    code: "the code itself",
    codeHash: hash,
    tokenHash: `token of ${hash}`,
    now: after(1),
    newClientId: "01J0000000000000000000NEW0",
    resolveEndpoint: () => assert.fail("The code has its endpoint"),
    ...options,
  };
}

/** What redeeming fails with; the store must be as it was before. */
function redeemFailure(store: Store, it: Redemption): string {
  const contents = () =>
    ["client_tokens", "client_enrollments"].map((table) => store.db.all(`SELECT * FROM ${table}`));
  const before = contents();
  try {
    new EnrollmentRepository(store).redeem(it);
  } catch (error) {
    assert.deepEqual(contents(), before);
    assert.ok(error instanceof PortunusError, String(error));
    return error.code;
  }
  return assert.fail("The code was accepted");
}

function insertClient(store: Store, clientId: string, clientName: string): void {
  new ClientRepository(store).insert({
    clientId,
    clientName,
    clientAddress: "198.51.100.1",
    tokenHash: `first token of ${clientId}`,
    issuedAt: NOW,
  });
}

/** A row as a release before client ids, or before endpoints, wrote it. */
function insertLegacyCode(
  store: Store,
  row: { readonly clientName: string; readonly endpoint: string | null; readonly address?: string },
): void {
  store.db.run(
    `INSERT INTO client_enrollments
       (client_name, client_address, code_hash, issued_at, expires_at, advertised_endpoint)
     VALUES (?, ?, 'legacy', '2026-01-01T00:00:00+00:00', '2026-01-01T01:00:00+00:00', ?)`,
    row.clientName,
    row.address ?? null,
    row.endpoint,
  );
}

Deno.test("create() enters no client; redeeming does, under the id that the code was made for", () => {
  using it = openTempStore();
  const enrollments = new EnrollmentRepository(it.store);
  const clients = new ClientRepository(it.store);
  assert.equal(enrollments.create(code("a")), "edge");
  assert.deepEqual(clients.list(), []);
  const redeemed: Redeemed = enrollments.redeem(redemption("a"));
  assert.deepEqual(redeemed, {
    clientId: EDGE,
    clientName: "edge",
    endpoint: "server:7443",
    rotated: false,
  });
  const client = clients.findByTokenHash("token of a");
  assertDeepEqual(client, {
    clientId: EDGE,
    clientName: "edge",
    issuedAt: after(1),
    revokedAt: null,
    clientAddress: "192.0.2.1",
  });
});

Deno.test("create() keeps only the code's hash, with times in the store's form", () => {
  using it = openTempStore();
  new EnrollmentRepository(it.store).create(code("a"));
  const [row] = it.store.db.all("SELECT * FROM client_enrollments");
  assert.deepEqual({ ...row }, {
    id: 1n,
    client_name: "edge",
    client_address: "192.0.2.1",
    code_hash: "a",
    issued_at: "2026-01-01T00:00:00.500+00:00",
    expires_at: "2026-01-01T00:10:00.500+00:00",
    consumed_at: null,
    advertised_endpoint: "server:7443",
    client_id: EDGE,
  });
});

Deno.test("create() for an existing client takes its name and address from the roster", () => {
  using it = openTempStore();
  insertClient(it.store, EDGE, "edge");
  const subject = { kind: "existing", clientId: EDGE } as const;
  assert.equal(new EnrollmentRepository(it.store).create(code("a", { subject })), "edge");
  const [row] = it.store.db.all("SELECT client_name, client_address FROM client_enrollments");
  assert.deepEqual({ ...row }, { client_name: "edge", client_address: "198.51.100.1" });
});

Deno.test("create() for a client that does not exist changes nothing", () => {
  using it = openTempStore();
  const enrollments = new EnrollmentRepository(it.store);
  enrollments.create(code("old"));
  const subject = { kind: "existing", clientId: EDGE } as const;
  assert.throws(
    () => enrollments.create(code("a", { subject, now: after(200_000) })),
    (error) => error instanceof PortunusError && error.code === "client_not_found",
  );
  const left = it.store.db.all("SELECT code_hash FROM client_enrollments");
  assert.deepEqual(left.map(({ code_hash }) => code_hash), ["old"]);
});

Deno.test("create() gives clients of the same name ids of their own", () => {
  using it = openTempStore();
  const enrollments = new EnrollmentRepository(it.store);
  const subject = {
    kind: "new",
    clientId: OTHER,
    clientName: "edge",
    clientAddress: null,
  } as const;
  enrollments.create(code("a"));
  enrollments.create(code("b", { subject }));
  assert.equal(enrollments.redeem(redemption("a")).clientId, EDGE);
  assert.equal(enrollments.redeem(redemption("b")).clientId, OTHER);
});

Deno.test("create() ends the earlier codes of the same client, and no others", () => {
  using it = openTempStore();
  const enrollments = new EnrollmentRepository(it.store);
  const other = { kind: "new", clientId: OTHER, clientName: "edge", clientAddress: null } as const;
  enrollments.create(code("other", { subject: other }));
  enrollments.create(code("first"));
  enrollments.create(code("second"));
  assert.equal(redeemFailure(it.store, redemption("first")), "enrollment_used");
  assert.equal(enrollments.redeem(redemption("second")).clientId, EDGE);
  assert.equal(enrollments.redeem(redemption("other")).clientId, OTHER);
});

Deno.test("create() deletes codes that were used or ran out a day ago, and no younger ones", () => {
  using it = openTempStore();
  const enrollments = new EnrollmentRepository(it.store);
  const day = 86_400;
  const subject = (n: number) =>
    ({ kind: "new", clientId: `${EDGE}${n}`, clientName: "n", clientAddress: null }) as const;
  // Times of expiry and use, seen from NOW.
  const rows: [hash: string, expires: number, used: number | null][] = [
    ["expired a day ago", -day, null],
    ["expired just within a day", -day + 1, null],
    ["used a day ago", 0, -day],
    ["used just within a day", 0, -day + 1],
    ["open", 600, null],
  ];
  for (const [n, [hash, expires, used]] of rows.entries()) {
    enrollments.create(
      code(hash, { subject: subject(n), now: after(-2 * day), expiresAt: after(expires) }),
    );
    if (used !== null) enrollments.redeem(redemption(hash, { now: after(used) }));
  }
  enrollments.create(code("new"));
  const left = it.store.db.all("SELECT code_hash FROM client_enrollments ORDER BY id");
  assert.deepEqual(left.map(({ code_hash }) => code_hash), [
    "expired just within a day",
    "used just within a day",
    "open",
    "new",
  ]);
});

Deno.test("redeem() works once", () => {
  using it = openTempStore();
  const enrollments = new EnrollmentRepository(it.store);
  enrollments.create(code("a"));
  enrollments.redeem(redemption("a"));
  assert.equal(redeemFailure(it.store, redemption("a")), "enrollment_used");
  // Used up, and by now out of time as well: the first reason stays.
  assert.equal(redeemFailure(it.store, redemption("a", { now: after(900) })), "enrollment_used");
});

Deno.test("redeem() works until just before the code expires", () => {
  using it = openTempStore();
  const enrollments = new EnrollmentRepository(it.store);
  enrollments.create(code("a"));
  assert.equal(redeemFailure(it.store, redemption("a", { now: after(600) })), "enrollment_expired");
  const last = after(600).subtract({ nanoseconds: 1 });
  assert.equal(enrollments.redeem(redemption("a", { now: last })).clientId, EDGE);
});

Deno.test("redeem() refuses codes that are empty, too long or unknown", () => {
  using it = openTempStore();
  new EnrollmentRepository(it.store).create(code("a"));
  const refused = [
    redemption("a", { code: "" }),
    redemption("a", { code: "x".repeat(257) }),
    redemption("a", { code: "ä".repeat(129) }),
    redemption("b"),
  ];
  for (const it2 of refused) assert.equal(redeemFailure(it.store, it2), "enrollment_invalid");
  new EnrollmentRepository(it.store).redeem(redemption("a", { code: "x".repeat(256) }));
});

Deno.test("redeem() gives an existing client a new token and tells its current name", () => {
  using it = openTempStore();
  const enrollments = new EnrollmentRepository(it.store);
  const clients = new ClientRepository(it.store);
  insertClient(it.store, EDGE, "edge");
  enrollments.create(code("a", { subject: { kind: "existing", clientId: EDGE } }));
  assert.ok(clients.findByTokenHash(`first token of ${EDGE}`), "the old token works until then");
  clients.rename(EDGE, "renamed");
  assert.deepEqual(enrollments.redeem(redemption("a")), {
    clientId: EDGE,
    clientName: "renamed",
    endpoint: "server:7443",
    rotated: true,
  });
  assert.equal(clients.findByTokenHash(`first token of ${EDGE}`), undefined);
  assertDeepEqual(clients.findByTokenHash("token of a"), {
    clientId: EDGE,
    clientName: "renamed",
    issuedAt: after(1),
    revokedAt: null,
    clientAddress: "198.51.100.1",
  });
});

Deno.test("redeem() lifts a revocation", () => {
  using it = openTempStore();
  const enrollments = new EnrollmentRepository(it.store);
  const clients = new ClientRepository(it.store);
  insertClient(it.store, EDGE, "edge");
  clients.revoke(EDGE, NOW);
  enrollments.create(code("a", { subject: { kind: "existing", clientId: EDGE } }));
  assert.ok(clients.get(EDGE)?.revokedAt, "not before the code is used");
  enrollments.redeem(redemption("a"));
  assert.equal(clients.get(EDGE)?.revokedAt, null);
});

Deno.test("redeem() enters a client again that was deleted meanwhile, under its id", () => {
  using it = openTempStore();
  const enrollments = new EnrollmentRepository(it.store);
  const clients = new ClientRepository(it.store);
  insertClient(it.store, EDGE, "edge");
  enrollments.create(code("a", { subject: { kind: "existing", clientId: EDGE } }));
  clients.revoke(EDGE, NOW);
  clients.remove(EDGE);
  assert.deepEqual(enrollments.redeem(redemption("a")), {
    clientId: EDGE,
    clientName: "edge",
    endpoint: "server:7443",
    rotated: false,
  });
});

Deno.test("redeem() of a code without a client id enters a client under a new one", () => {
  using it = openTempStore();
  insertLegacyCode(it.store, { clientName: "edge", endpoint: "old:7443", address: "192.0.2.9" });
  assert.deepEqual(new EnrollmentRepository(it.store).redeem(redemption("legacy")), {
    clientId: "01J0000000000000000000NEW0",
    clientName: "edge",
    endpoint: "old:7443",
    rotated: false,
  });
  const client = new ClientRepository(it.store).get("01J0000000000000000000NEW0");
  assert.equal(client?.clientAddress, "192.0.2.9");
});

Deno.test("redeem() of a code without a client id gives the first client of that name a new token", () => {
  using it = openTempStore();
  insertClient(it.store, OTHER, "edge");
  insertClient(it.store, EDGE, "edge");
  insertLegacyCode(it.store, { clientName: "edge", endpoint: "old:7443" });
  const redeemed = new EnrollmentRepository(it.store).redeem(redemption("legacy"));
  assert.deepEqual([redeemed.clientId, redeemed.rotated], [OTHER, true]);
});

Deno.test("redeem() replaces a client's address only by one that the code carries", () => {
  using it = openTempStore();
  const clients = new ClientRepository(it.store);
  insertClient(it.store, EDGE, "edge");
  insertLegacyCode(it.store, { clientName: "edge", endpoint: "old:7443" });
  new EnrollmentRepository(it.store).redeem(redemption("legacy"));
  assert.equal(clients.get(EDGE)?.clientAddress, "198.51.100.1");

  it.store.db.run("DELETE FROM client_enrollments");
  insertLegacyCode(it.store, { clientName: "edge", endpoint: "old:7443", address: "192.0.2.9" });
  new EnrollmentRepository(it.store).redeem(redemption("legacy", { tokenHash: "another" }));
  assert.equal(clients.get(EDGE)?.clientAddress, "192.0.2.9");
});

Deno.test("redeem() of a code without an endpoint asks for one, and consumes nothing when there is none", () => {
  using it = openTempStore();
  insertClient(it.store, EDGE, "edge");
  insertLegacyCode(it.store, { clientName: "edge", endpoint: null });
  const resolveEndpoint = () => {
    throw new PortunusError("endpoint_not_in_cert_san");
  };
  const failure = redeemFailure(it.store, redemption("legacy", { resolveEndpoint }));
  assert.equal(failure, "endpoint_not_in_cert_san");
  const redeemed = new EnrollmentRepository(it.store).redeem(
    redemption("legacy", { resolveEndpoint: () => "resolved:7443" }),
  );
  assert.equal(redeemed.endpoint, "resolved:7443");
});

Deno.test("redeem() that cannot enter the token consumes nothing", () => {
  using it = openTempStore();
  insertClient(it.store, OTHER, "other");
  const enrollments = new EnrollmentRepository(it.store);
  enrollments.create(code("a"));
  const taken = redemption("a", { tokenHash: `first token of ${OTHER}` });
  assert.throws(() => enrollments.redeem(taken), { name: "StoreError", kind: "conflict" });
  assert.equal(enrollments.redeem(redemption("a")).clientId, EDGE);
});
