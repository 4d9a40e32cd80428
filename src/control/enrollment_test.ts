import assert from "node:assert/strict";
import { RecordingLogger } from "../../tests/kit/recording_logger.ts";
import { TemporaryStore } from "../../tests/kit/seeded_store.ts";
import { parseEnrollmentUri } from "../core/enrollment_uri.ts";
import { PortunusError } from "../core/errors.ts";
import { ClientRepository } from "../store/clients.ts";
import { EnrollmentRepository } from "../store/enrollments.ts";
import { SettingsRepository } from "../store/settings.ts";
import { systemRandom } from "../system/random.ts";
import { hashSecret } from "../system/secret_hash.ts";
import { EnrollmentService, type NewEnrollment, type ServerIdentity } from "./enrollment.ts";

const PIN = "ab".repeat(32);

class Fixture implements Disposable {
  readonly db = new TemporaryStore();
  readonly logger = new RecordingLogger();
  readonly clients = new ClientRepository(this.db.store);
  readonly rotated: string[] = [];
  readonly service: EnrollmentService;
  #ids = 0;

  constructor(server: Partial<ServerIdentity> = {}) {
    this.service = new EnrollmentService({
      clients: this.clients,
      enrollments: new EnrollmentRepository(this.db.store),
      settings: new SettingsRepository(this.db.store),
      server: {
        fingerprint: PIN,
        sans: { dns: ["localhost", "public.example"], ips: ["127.0.0.1"] },
        seed: null,
        controlPort: 7443,
        ...server,
      },
      clock: this.db.clock,
      random: systemRandom,
      newId: () => `ID${this.#ids++}`,
      logger: this.logger,
      onRotated: (clientId) => this.rotated.push(clientId),
    });
  }

  create(options: Partial<NewEnrollment> = {}) {
    return this.service.create({
      name: "edge-01",
      address: null,
      ttlSecs: 600n,
      hostHeader: null,
      ...options,
    });
  }

  [Symbol.dispose](): void {
    this.db[Symbol.dispose]();
  }
}

const endpointOf = (uri: string) => parseEnrollmentUri(uri).endpoint;
const codeOf = (uri: string) => parseEnrollmentUri(uri).code;
const fails = (code: string, detail?: string) => (error: unknown) => {
  assert.ok(error instanceof PortunusError, `${error}`);
  assert.equal(error.code, code);
  if (detail !== undefined) assert.equal(error.detail, detail);
  return true;
};

Deno.test("EnrollmentService.create() makes a code that redeem() turns into credentials, once", () => {
  using fixture = new Fixture();
  const { clientName, expiresAt, uri, command } = fixture.create({ address: "Edge.Example." });
  assert.equal(clientName, "edge-01");
  assert.equal(expiresAt.epochMilliseconds, fixture.db.clock.now() + 600_000);
  assert.equal(command, `portunus-client enroll '${uri}'`);
  assert.match(
    uri,
    /^portunus:\/\/127\.0\.0\.1:7443\/enroll\?pin=sha256:(ab){32}&code=[\w-]{43}$/,
  );
  assert.deepEqual(fixture.clients.list(), [], "the client appears when the code is redeemed");

  const bundle = fixture.service.redeem(codeOf(uri));
  assert.deepEqual({ ...bundle, token: "" }, {
    $typeName: "portunus.v1.CredentialBundle",
    version: 1,
    clientName: "edge-01",
    clientId: "ID0",
    serverEndpoint: "127.0.0.1:7443",
    serverCertSha256: PIN,
    token: "",
  });
  const client = fixture.clients.findByTokenHash(hashSecret(bundle.token));
  assert.equal(client?.clientId, "ID0");
  assert.equal(client?.clientAddress, "edge.example");
  assert.deepEqual(fixture.rotated, []);
  assert.throws(() => fixture.service.redeem(codeOf(uri)), fails("enrollment_used"));
});

Deno.test("EnrollmentService.create() checks name, TTL, address and endpoint in this order", () => {
  using fixture = new Fixture({ seed: "not an endpoint" });
  const bad = { name: " ", ttlSecs: 0n, address: "http://x" };
  assert.throws(() => fixture.create(bad), fails("invalid_name"));
  const good = { name: "edge", ttlSecs: 1n, address: "edge.example" };
  assert.throws(() => fixture.create({ ...bad, name: good.name }), fails("invalid_enrollment_ttl"));
  assert.throws(
    () => fixture.create({ ...good, address: bad.address }),
    fails("invalid_client_address"),
  );
  assert.throws(() => fixture.create(good), fails("endpoint_invalid"));
});

Deno.test("EnrollmentService.create() takes lifetimes from 1 second to a day", () => {
  using fixture = new Fixture();
  for (const ttlSecs of [1n, 86_400n]) fixture.create({ ttlSecs });
  for (const ttlSecs of [0n, 86_401n, 2n ** 64n - 1n]) {
    assert.throws(
      () => fixture.create({ ttlSecs }),
      fails("invalid_enrollment_ttl", `${ttlSecs} seconds out of range (1..=86400)`),
    );
  }
});

Deno.test("EnrollmentService advertises override, seed, Host header, loopback, in this order", () => {
  using derived = new Fixture();
  const hostHeader = "public.example:7080";
  assert.equal(endpointOf(derived.create({ hostHeader }).uri), "public.example:7443");
  assert.equal(endpointOf(derived.create({ hostHeader: "evil.example" }).uri), "127.0.0.1:7443");

  using seeded = new Fixture({ seed: "localhost:8443" });
  assert.equal(endpointOf(seeded.create({ hostHeader }).uri), "localhost:8443");
  new SettingsRepository(seeded.db.store).setAdvertisedEndpoint("127.0.0.1:9443");
  assert.equal(endpointOf(seeded.create({ hostHeader }).uri), "127.0.0.1:9443");

  using wrong = new Fixture({ seed: "evil.example:8443" });
  assert.throws(() => wrong.create({ hostHeader }), fails("endpoint_not_in_cert_san"));
});

Deno.test("EnrollmentService.redeem() replays the endpoint that the code was made with", () => {
  using fixture = new Fixture();
  const { uri } = fixture.create({ hostHeader: "public.example" });
  new SettingsRepository(fixture.db.store).setAdvertisedEndpoint("localhost:1");
  assert.equal(fixture.service.redeem(codeOf(uri)).serverEndpoint, "public.example:7443");
});

Deno.test("EnrollmentService.redeem() refuses codes that are unknown, superseded or expired", () => {
  using fixture = new Fixture();
  assert.throws(() => fixture.service.redeem("nonsense"), fails("enrollment_invalid"));
  assert.throws(() => fixture.service.redeem(""), fails("enrollment_invalid"));
  assert.throws(() => fixture.service.redeem("x".repeat(257)), fails("enrollment_invalid"));

  const first = fixture.create({ ttlSecs: 10n });
  fixture.db.clock.advance(10_000);
  assert.throws(() => fixture.service.redeem(codeOf(first.uri)), fails("enrollment_expired"));

  fixture.service.redeem(codeOf(fixture.create().uri));
  const clientId = fixture.clients.list()[0]?.clientId ?? "";
  const old = fixture.service.createForClient(clientId, 600n, null);
  fixture.service.createForClient(clientId, 600n, null);
  assert.throws(() => fixture.service.redeem(codeOf(old.uri)), fails("enrollment_used"));
  assert.equal(fixture.logger.of("client.enrollment_failed").length, 5);
});

Deno.test("EnrollmentService.createForClient() rotates the token and lifts a revocation on redeem", () => {
  using fixture = new Fixture();
  fixture.db.addClient({ clientId: "C1", clientName: "edge-01", token: "old", revoked: true });
  const { uri } = fixture.service.createForClient("C1", 600n, null);
  assert.ok(fixture.clients.findByTokenHash(hashSecret("old")), "valid until the code is used");
  assert.deepEqual(fixture.rotated, []);

  const { token, clientId } = fixture.service.redeem(codeOf(uri));
  assert.equal(clientId, "C1");
  assert.equal(fixture.clients.findByTokenHash(hashSecret("old")), undefined);
  assert.equal(fixture.clients.findByTokenHash(hashSecret(token))?.revokedAt, null);
  assert.deepEqual(fixture.rotated, ["C1"]);
  assert.deepEqual(fixture.logger.of("client.enrollment_redeemed").map(({ fields }) => fields), [
    { client_name: "edge-01", rotated_existing: true },
  ]);
});

Deno.test("EnrollmentService.createForClient() looks for the client before anything else", () => {
  using fixture = new Fixture({ seed: "not an endpoint" });
  assert.throws(
    () => fixture.service.createForClient("C9", 0n, null),
    fails("client_not_found", "C9"),
  );
  fixture.db.addClient({ clientId: "C1", clientName: "edge-01" });
  assert.throws(
    () => fixture.service.createForClient("C1", 0n, null),
    fails("invalid_enrollment_ttl"),
  );
  assert.throws(() => fixture.service.createForClient("C1", 1n, null), fails("endpoint_invalid"));
});

Deno.test("EnrollmentService.redeem() says so when the store fails, and consumes nothing", () => {
  using fixture = new Fixture();
  const { uri } = fixture.create();
  fixture.db.sabotage("client_tokens");
  assert.throws(() => fixture.service.redeem(codeOf(uri)), fails("enrollment_store_error"));
  fixture.db.repair();
  assert.equal(fixture.service.redeem(codeOf(uri)).clientName, "edge-01");
});

Deno.test("EnrollmentService never logs a code or a token", () => {
  using fixture = new Fixture();
  const { uri } = fixture.create();
  const code = codeOf(uri);
  const { token } = fixture.service.redeem(code);
  assert.throws(() => fixture.service.redeem(code));
  const log = fixture.logger.text();
  assert.ok(fixture.logger.lines.length >= 3);
  for (const secret of [code, token]) assert.ok(!log.includes(secret));
});
