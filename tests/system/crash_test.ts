/**
 * A server that is killed while operators change everything there is to change. After each start
 * all that was acknowledged is there, what was not is there in full or not at all, and the database
 * is sound.
 *
 * @module
 */

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { type Lab, labTest, type ServerHandle } from "../kit/lab.ts";
import { Operator } from "../kit/operator.ts";
import { seeded } from "../kit/seeded.ts";
import { ObligingEdge } from "./crash/edge.ts";
import { type Corner, type Mutation, nextMutation } from "./crash/mutations.ts";
import { KnownState } from "./crash/state.ts";
import { survey } from "./crash/survey.ts";

const SECONDS = Number(Deno.env.get("CRASH_SECS") ?? 60);
const seed = Number(Deno.env.get("CRASH_SEED") ?? Math.floor(Math.random() * 2 ** 31));

/** Operators at work at the same time. */
const OPERATORS = 4;
/** A server lives at most so long, from its first request on. */
const LIFE_MAX_MS = 1_500;

interface Worker {
  readonly corner: Corner;
  readonly bundle: string;
}

/** An operator's corner: a client that is enrolled, and nothing else yet. */
async function settle(lab: Lab, operator: Operator, n: number): Promise<Worker> {
  const name = `w${n}-edge`;
  const bundle = await operator.enroll(name, lab.path(`${name}.json`));
  const { client_id: clientId } = JSON.parse(await Deno.readTextFile(bundle)) as {
    client_id: string;
  };
  const state = new KnownState();
  const corner = {
    state,
    prefix: `w${n}-`,
    clientId,
    firstPort: 10_000 + n * 1_000,
    random: seeded(seed + n),
    tokens: new Map<string, string>(),
  };
  state.begin({ set: await survey(operator, corner) });
  state.commit();
  return { corner, bundle };
}

/** Works until the server is gone; returns how many requests were acknowledged. */
async function work(operator: Operator, corner: Corner): Promise<number> {
  for (let acknowledged = 0;; acknowledged++) {
    const mutation = nextMutation(corner);
    corner.state.begin(mutation.change);
    const answer = await send(operator, mutation);
    if (answer === null) return acknowledged;
    const { status, body } = answer;
    const about = `${mutation.method} ${mutation.path}: ${status} ${JSON.stringify(body)}`;
    assert.ok(status >= 200 && status < 300, about);
    const created = body as Readonly<Record<string, unknown>>;
    const id = mutation.idKey === undefined ? null : String(created[mutation.idKey]);
    if (id !== null && typeof created["token"] === "string") {
      corner.tokens.set(id, created["token"]);
    }
    corner.state.commit(id);
  }
}

/** The answer, or `null` when the server went before it was there in full. */
async function send({ lab, http, token }: Operator, mutation: Mutation) {
  try {
    const caller = new Operator(lab, http, mutation.token ?? token);
    return await caller.api(mutation.method, mutation.path, mutation.body);
  } catch {
    return null;
  }
}

/** One life of the server: everybody works, it is killed, and is checked when it is back. */
async function life(
  lab: Lab,
  server: ServerHandle,
  operator: Operator,
  workers: readonly Worker[],
): Promise<{ server: ServerHandle; acknowledged: number }> {
  await using edges = new AsyncDisposableStack();
  for (const { bundle } of workers) edges.use(await ObligingEdge.connect(bundle));
  const working = Promise.all(workers.map(({ corner }) => work(operator, corner)));
  const [first] = workers;
  const lifeMs = (first?.corner.random() ?? 0) * LIFE_MAX_MS;
  // What is random here is when it is killed; nothing is waited for.
  const killed = new Promise<void>((resolve) => setTimeout(resolve, lifeMs))
    .then(() => server.process.kill());
  const [counts] = await Promise.all([working, killed]);
  const restarted = await lab.server();
  for (const { corner } of workers) corner.state.settle(await survey(operator, corner));
  checkDatabase(`${server.dataDir}/state.db`);
  return { server: restarted, acknowledged: counts.reduce((sum, count) => sum + count, 0) };
}

function checkDatabase(path: string): void {
  using db = new DatabaseSync(path, { readOnly: true });
  assert.deepEqual({ ...db.prepare("PRAGMA integrity_check").get() }, { integrity_check: "ok" });
  assert.deepEqual(db.prepare("PRAGMA foreign_key_check").all(), []);
}

labTest(`what a killed server acknowledged is there [CRASH_SEED=${seed}]`, async (lab) => {
  let { server, operator } = await lab.operated();
  const numbers = Array.from({ length: OPERATORS }, (_, n) => n);
  const workers = await Promise.all(numbers.map((n) => settle(lab, operator, n)));
  const deadline = performance.now() + SECONDS * 1_000;
  let acknowledged = 0;
  let lives = 0;
  while (performance.now() < deadline) {
    const ended = await life(lab, server, operator, workers);
    server = ended.server;
    acknowledged += ended.acknowledged;
    lives += 1;
  }
  assert.ok(acknowledged > lives, `${acknowledged} changes in ${lives} lives`);
});
