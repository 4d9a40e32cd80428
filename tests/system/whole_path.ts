/**
 * The main job, as a user does it: server, superadmin, enrolled client, pushed rule, bytes. Run
 * from source and on the binaries.
 *
 * @module
 */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { Lab } from "../kit/lab.ts";
import { freePort } from "../kit/ports.ts";
import { closeQuietly, echoTarget } from "../kit/targets.ts";

/** Drives one path through everything and takes it down again in an orderly way. */
export async function wholePath(lab: Lab): Promise<void> {
  const { server, operator } = await lab.operated();
  const bundle = lab.path("edge-01.json");
  const uri = await operator.enrollmentUri("edge-01");
  const enrolled = await lab.clientCommand(["enroll", uri, "--out", bundle]);
  assert.deepEqual([enrolled.code, enrolled.stdout], [0, `${bundle}\n`], enrolled.stderr);
  const client = lab.client({ bundle, args: ["--stats-report-interval-secs", "1"] });
  await client.event("control.connected");
  const target = lab.use(echoTarget());
  const port = freePort();

  const pushed = ["push-rule", "edge-01", `${port}`, `127.0.0.1:${target.port}`];
  const ruleId = (await operator.ok(pushed)).trim();
  assert.equal(ruleId, "0", "the first rule of a store");
  for (const hostname of ["127.0.0.1", "::1"]) {
    assert.equal(
      await echoDigest(hostname, port, 4 * 1024 * 1024),
      "same",
      `echo over ${hostname}`,
    );
  }

  assert.match(await operator.ok(["list-rules"]), /^0 +edge-01 .* active +$/m);
  assert.match(await operator.ok(["list-clients"]), / edge-01 +connected +127\.0\.0\.1:/);
  await operator.counters(
    server.process,
    [ruleId],
    /bytes_in=8388608 bytes_out=8388608 active=0 /,
  );

  await operator.ok(["remove-rule", ruleId]);
  await client.event("rule.removed", { rule_id: ruleId });
  await assert.rejects(Deno.connect({ hostname: "127.0.0.1", port }), /refused|reset/);
  assert.equal(await client.stop(), 0);
  await server.process.event("client.disconnected");
  assert.equal(await server.process.stop(), 0);
  await server.process.event("server.stopped");
}

/** Sends random bytes through the port, and compares the digests of what went out and came back. */
export async function echoDigest(
  hostname: string,
  port: number,
  bytes: number,
): Promise<"same" | "different"> {
  const conn = await Deno.connect({ hostname, port });
  try {
    const [sent, received] = await Promise.all([sendRandom(conn, bytes), digestAll(conn)]);
    return sent === received ? "same" : "different";
  } finally {
    closeQuietly(conn);
  }
}

async function sendRandom(conn: Deno.TcpConn, bytes: number): Promise<string> {
  const hash = createHash("sha256");
  const block = crypto.getRandomValues(new Uint8Array(65_536));
  for (let left = bytes; left > 0; left -= block.length) {
    const chunk = block.subarray(0, Math.min(left, block.length));
    hash.update(chunk);
    for (let rest = chunk; rest.length > 0;) rest = rest.subarray(await conn.write(rest));
  }
  await conn.closeWrite();
  return hash.digest("hex");
}

async function digestAll(conn: Deno.TcpConn): Promise<string> {
  const hash = createHash("sha256");
  const buffer = new Uint8Array(65_536);
  for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) {
    hash.update(buffer.subarray(0, n));
  }
  return hash.digest("hex");
}
