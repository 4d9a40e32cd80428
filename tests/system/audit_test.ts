import assert from "node:assert/strict";
import { type Lab, labTest } from "../kit/lab.ts";
import { Operator } from "../kit/operator.ts";
import { PATIENCE_MS } from "../kit/process.ts";

interface Entry {
  readonly path: string;
  readonly outcome: string;
  readonly reason?: string;
}

/** The trail, newest first. */
async function trailOf(operator: Operator): Promise<Entry[]> {
  const { status, body } = await operator.api("GET", "/v1/audit?limit=1000");
  assert.equal(status, 200, JSON.stringify(body));
  return body as Entry[];
}

/** The numbers of the requests of {@linkcode denied} that are in the trail, oldest first. */
async function numbersIn(operator: Operator): Promise<number[]> {
  const entries = (await trailOf(operator)).filter(({ outcome }) => outcome === "deny");
  for (const { reason } of entries) assert.equal(reason, "credential_invalid");
  return entries.map(({ path }) => Number(path.split("/").at(-1))).toReversed();
}

/** Asks for so many rules with a wrong token, one after the other. */
async function denied(lab: Lab, http: string, count: number, start = 0): Promise<number[]> {
  const stranger = new Operator(lab, http, "nobody");
  const numbers = Array.from({ length: count }, (_, n) => start + n);
  for (const n of numbers) {
    assert.equal((await stranger.api("GET", `/v1/rules/${n}`)).status, 401);
  }
  return numbers;
}

/** Asks for the trail until it has so many entries: it shows what is stored, and nothing else. */
async function untilStored(operator: Operator, count: number): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while ((await numbersIn(operator)).length < count) {
    assert.ok(performance.now() < deadline, "the entries did not become durable");
  }
}

labTest("what the audit trail shows survives SIGKILL", async (lab) => {
  const { server, operator } = await lab.operated();
  const expected = await denied(lab, server.http, 8);
  await untilStored(operator, expected.length);
  await server.process.kill();

  const again = await lab.server();
  assert.deepEqual(await numbersIn(new Operator(lab, again.http, operator.token)), expected);
});

labTest("a clean stop keeps every entry of the audit trail, time and again", async (lab) => {
  let { server, operator } = await lab.operated();
  const expected: number[] = [];
  for (let cycle = 0; cycle < 3; cycle++) {
    expected.push(...await denied(lab, server.http, 50, cycle * 50));
    // Nothing waits for the writer: what it has not written yet is the point.
    assert.equal(await server.process.stop(), 0);
    server = await lab.server();
    operator = new Operator(lab, server.http, operator.token);
    assert.deepEqual(await numbersIn(operator), expected);
  }
});

labTest("the audit trail has each request once, with what became of it", async (lab) => {
  const { server, operator } = await lab.operated();
  const stranger = new Operator(lab, server.http, "nobody");
  await operator.enrollmentUri("edge-01");
  await operator.api("GET", "/v1/clients?token=hush");
  await operator.api("DELETE", "/v1/rules/7?token=hush");
  await stranger.api("POST", "/v1/rules?token=hush", { client: "hush" });
  assert.equal(await server.process.stop(), 0);

  const again = await lab.server();
  const entries = await trailOf(new Operator(lab, again.http, operator.token));
  assert.ok(!JSON.stringify(entries).includes("hush"));
  assert.deepEqual(
    entries.map((entry) => ({ ...entry, timestamp: undefined })).toReversed(),
    [
      {
        actor: "_superadmin",
        role: "superadmin",
        method: "POST",
        path: "/v1/client-enrollments",
        outcome: "allow",
      },
      {
        actor: "_superadmin",
        role: "superadmin",
        method: "DELETE",
        path: "/v1/rules/7",
        outcome: "deny",
        reason: "rule_not_found",
      },
      {
        actor: "_anonymous",
        method: "POST",
        path: "/v1/rules",
        outcome: "deny",
        reason: "credential_invalid",
      },
    ].map((entry) => ({ ...entry, timestamp: undefined })),
  );
});

labTest("audit prune works beside a running server, which goes on recording", async (lab) => {
  const { server, operator } = await lab.operated();
  await denied(lab, server.http, 3);
  await untilStored(operator, 3);
  const { code, stdout, stderr } = await lab.serverCommand([
    ...["--data-dir", server.dataDir, "audit", "prune"],
    ...["--before", "2999-01-01T00:00:00Z"],
  ]);
  assert.deepEqual([code, stdout], [0, "audit_prune deleted=3\n"], stderr);
  assert.deepEqual(await numbersIn(operator), []);
  const expected = await denied(lab, server.http, 2, 3);
  assert.equal(await server.process.stop(), 0);
  const again = await lab.server();
  assert.deepEqual(await numbersIn(new Operator(lab, again.http, operator.token)), expected);
});
