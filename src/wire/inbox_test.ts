import assert from "node:assert/strict";
import { Inbox } from "./inbox.ts";

/** A transport that records what it was told. */
function source() {
  const calls: string[] = [];
  return { calls, pause: () => calls.push("pause"), resume: () => calls.push("resume") };
}

async function drain<T>(inbox: Inbox<T>): Promise<T[]> {
  return await Array.fromAsync(inbox);
}

Deno.test("Inbox yields messages in order, those that came before and while reading", async () => {
  const inbox = new Inbox<number>(source());
  inbox.push(1);
  inbox.push(2);
  const reading = drain(inbox);
  inbox.push(3);
  await Promise.resolve();
  inbox.push(4);
  inbox.end();
  assert.deepEqual(await reading, [1, 2, 3, 4]);
});

Deno.test("Inbox yields everything that arrived before it throws", async () => {
  const inbox = new Inbox<number>(source());
  inbox.push(1);
  inbox.end(new Error("broken"));
  inbox.end();
  inbox.push(2);
  const seen: number[] = [];
  await assert.rejects(async () => {
    for await (const message of inbox) seen.push(message);
  }, { message: "broken" });
  assert.deepEqual(seen, [1]);
});

Deno.test("Inbox wakes a waiting reader when it ends", async () => {
  const inbox = new Inbox<number>(source());
  const reading = drain(inbox);
  await Promise.resolve();
  inbox.end();
  assert.deepEqual(await reading, []);
});

Deno.test("Inbox makes the transport wait while nobody reads, and go on when somebody does", async () => {
  const transport = source();
  const inbox = new Inbox<number>(transport);
  for (let i = 0; i < 15; i++) inbox.push(i);
  assert.deepEqual(transport.calls, []);
  inbox.push(15);
  assert.deepEqual(transport.calls, ["pause"]);
  const reader = inbox[Symbol.asyncIterator]();
  for (let i = 0; i < 7; i++) await reader.next();
  assert.deepEqual(transport.calls, ["pause"]);
  await reader.next();
  assert.deepEqual(transport.calls, ["pause", "resume"]);
});
