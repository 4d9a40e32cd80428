/**
 * The control plane at scale: 10,000 rules on 200 clients, 5 million rows of audit trail.
 *
 * @module
 */

import { openStore } from "../../../src/store/open.ts";
import { systemClock } from "../../../src/system/clock.ts";
import { fingerprint } from "../../../src/wire/certificate.ts";
import { openControlStream } from "../../../src/wire/control_client.ts";
import { Lab, type ServerHandle } from "../../../tests/kit/lab.ts";
import { hello, statsMessage, statusMessage } from "../../../tests/kit/messages.ts";
import { Operator } from "../../../tests/kit/operator.ts";
import { freePort } from "../../../tests/kit/ports.ts";
import { silentLogger } from "../../../tests/kit/silent_logger.ts";
import { writeLine } from "../../build/console.ts";
import { cpuSeconds, residentMiB } from "../proc.ts";
import { quantile, report, timings } from "../report.ts";
import { sendLoad } from "./load.ts";
import { seedAudit, seedClients, type SeededClient, seedRules } from "./seed.ts";

const CLIENTS = 200;
const RULES = 10_000;
/** Of these, on one client. */
const REPLAYED = 1_000;
const AUDIT_ROWS = 5_000_000;
const STREAMS = 500;

/** Runs everything and prints a line per measurement. */
export async function benchControl(): Promise<void> {
  writeLine(`control: ${RULES} rules, ${CLIENTS} clients, ${AUDIT_ROWS} audit rows`);
  await using lab = await Lab.open();
  const dataDir = lab.path("server");
  const token = await lab.bootstrap(dataDir);
  const clients = seed(dataDir);

  const started = performance.now();
  const server = await lab.server();
  report({
    what: "server start to listening",
    value: (performance.now() - started) / 1_000,
    atMost: 3,
    unit: "s",
  });
  const operator = new Operator(lab, server.http, token);
  await benchLists(operator);
  await benchReplay(server, clients);
  await benchPush(lab, operator);
  await benchRequests(server, operator);
  await benchStreams(server, operator, clients);
}

function seed(dataDir: string): readonly SeededClient[] {
  const started = performance.now();
  using store = openStore({ dataDir, clock: systemClock, logger: silentLogger });
  const clients = seedClients(store, CLIENTS);
  const [first, ...others] = clients;
  if (first) seedRules(store, first, { firstId: 0, count: REPLAYED });
  const each = Math.ceil((RULES - REPLAYED) / others.length);
  let firstId = REPLAYED;
  for (const client of others) {
    const count = Math.min(each, RULES - firstId);
    seedRules(store, client, { firstId, count });
    firstId += count;
  }
  seedAudit(store, AUDIT_ROWS);
  writeLine(`seeded in ${((performance.now() - started) / 1_000).toFixed(0)} s`);
  return clients;
}

async function benchLists(operator: Operator): Promise<void> {
  const cases: readonly [what: string, path: string, atMost: number][] = [
    ["GET /v1/rules, all of them", "/v1/rules", 150],
    ["audit: newest page", "/v1/audit", 20],
    ["audit: newest denied", "/v1/audit?outcome=deny", 100],
    ["audit: a day long ago", `/v1/audit?since=${ago(40)}&until=${ago(39)}`, 100],
    ["audit: denied on a day", `/v1/audit?outcome=deny&since=${ago(40)}&until=${ago(39)}`, 100],
    ["audit: from the middle on", `/v1/audit?cursor=${cursor(AUDIT_ROWS / 2)}`, 100],
    [
      "audit: denied, from the middle",
      `/v1/audit?outcome=deny&cursor=${cursor(AUDIT_ROWS / 2)}`,
      100,
    ],
  ];
  for (const [what, path, atMost] of cases) {
    const taken = await timings(15, () => mustGet(operator, path));
    report({ what, value: quantile(taken, 0.5), atMost, unit: "ms" });
  }
}

const ago = (days: number) => `${Temporal.Now.instant().subtract({ hours: 24 * days })}`;

const cursor = (seq: number) =>
  new TextEncoder().encode(`${seq}`).toBase64({ alphabet: "base64url", omitPadding: true });

async function mustGet(operator: Operator, path: string): Promise<void> {
  const { status, body } = await operator.api("GET", path);
  if (status !== 200) throw new Error(`GET ${path}: ${status} ${JSON.stringify(body)}`);
}

/** A control session of a seeded client, which has said Hello. */
async function session({ grpc, dataDir }: ServerHandle, { token }: SeededClient) {
  const stream = await openControlStream({
    endpoint: grpc,
    pin: fingerprint(await Deno.readTextFile(`${dataDir}/server.crt`)),
    bearer: token,
    signal: new AbortController().signal,
  });
  await stream.send(hello("3.2.0"));
  return stream;
}

/** From Hello to the last of the rules, each of which is answered. */
async function benchReplay(server: ServerHandle, clients: readonly SeededClient[]): Promise<void> {
  const [first] = clients;
  if (!first) return;
  const started = performance.now();
  const stream = await session(server, first);
  let rules = 0;
  for await (const { payload } of stream.incoming) {
    if (payload.case !== "ruleUpdate") continue;
    const { requestId, rule } = payload.value;
    await stream.send(statusMessage({ requestId, ruleId: rule?.ruleId ?? 0n }));
    if (++rules === REPLAYED) break;
  }
  const value = (performance.now() - started) / 1_000;
  stream.cancel();
  report({ what: `replay of ${REPLAYED} rules to one client`, value, atMost: 2, unit: "s" });
}

/** From the request to the answer that the rule is active, on a real client of this machine. */
async function benchPush(lab: Lab, operator: Operator): Promise<void> {
  const bundle = await operator.enroll("local", lab.path("local.json"));
  await lab.client({ bundle }).event("control.connected");
  const taken = await timings(200, async () => {
    const { status, body } = await operator.api("POST", "/v1/rules", {
      client: "local",
      listen_port: freePort(),
      target_host: "127.0.0.1",
      target_port: 9,
    });
    if (status !== 201) throw new Error(`POST /v1/rules: ${status} ${JSON.stringify(body)}`);
  });
  const value = quantile(taken, 0.5);
  report({ what: "POST /v1/rules to active, median", value, atMost: 15, unit: "ms" });
}

async function benchRequests(server: ServerHandle, { token }: Operator): Promise<void> {
  const [host = "", port = ""] = server.http.split(":");
  const load = { host, port: Number(port), path: "/v1/rules/0", bearer: token, connections: 32 };
  await sendLoad({ ...load, perSecond: 500, seconds: 2 });
  const seconds = 10;
  const before = cpuSeconds(server.process.pid);
  const latencies = await sendLoad({ ...load, perSecond: 2_000, seconds });
  const busy = (cpuSeconds(server.process.pid) - before) / seconds;
  const p99 = quantile(latencies, 0.99);
  report({ what: "2,000 authenticated GET a second: p99", value: p99, atMost: 25, unit: "ms" });
  report({ what: "2,000 authenticated GET a second: cores", value: busy, atMost: 1, unit: "" });
}

/** Memory of open event streams, with a report coming in for each of their rules. */
async function benchStreams(
  server: ServerHandle,
  operator: Operator,
  clients: readonly SeededClient[],
): Promise<void> {
  const [first] = clients;
  if (!first) return;
  const control = await session(server, first);
  const before = residentMiB(server.process.pid);
  const headers = { Authorization: `Bearer ${operator.token}` };
  const readers = await Promise.all(Array.from({ length: STREAMS }, async (_, i) => {
    const url = `http://${operator.http}/v1/rules/${i}/stats/stream`;
    const { body } = await fetch(url, { headers });
    if (!body) throw new Error("An event stream without a body");
    return body.getReader();
  }));
  for (let round = 1n; round <= 10n; round++) {
    const stats = readers.map((_, i) => ({ ruleId: BigInt(i), bytesIn: round }));
    await control.send(statsMessage(...stats));
    await Promise.all(readers.map((reader) => reader.read()));
  }
  const value = residentMiB(server.process.pid) - before;
  report({ what: `${STREAMS} event streams, ten reports each`, value, atMost: 50, unit: "MiB" });
  await Promise.all(readers.map((reader) => reader.cancel()));
  control.cancel();
}
