import assert from "node:assert/strict";
import { SHARED_IDENTITY } from "../core/limits.ts";
import { Touches } from "./touches.ts";

const START = Temporal.Instant.from("2026-01-01T00:00:00Z");
const at = (seconds: number) => START.add({ seconds });
const MINUTE = SHARED_IDENTITY.touchIntervalSecs;

function recording() {
  const written: string[] = [];
  const touches = new Touches((key, when) => {
    written.push(`${key} ${when.since(START).total("seconds")}`);
    return Promise.resolve();
  });
  return { touches, written };
}

Deno.test("Touches writes a use once a minute, and remembers the others", () => {
  const { touches, written } = recording();
  for (const seconds of [0, 1, MINUTE - 1, MINUTE, MINUTE + 1]) {
    touches.touch("s", null, at(seconds));
  }
  assert.deepEqual(written, ["s 0", `s ${MINUTE}`]);
  assert.equal(`${touches.latest("s", null)}`, `${at(MINUTE + 1)}`);
});

Deno.test("Touches writes nothing that the database has heard from another server", () => {
  const { touches, written } = recording();
  touches.touch("s", at(0), at(MINUTE - 1));
  assert.deepEqual(written, []);
  assert.equal(`${touches.latest("s", at(MINUTE + 5))}`, `${at(MINUTE + 5)}`, "the later one");
});

Deno.test("Touches bounds what it remembers, and forgets the oldest", () => {
  const { touches } = recording();
  for (let i = 0; i <= SHARED_IDENTITY.touchesMax; i++) touches.touch(`s${i}`, null, at(0));
  assert.equal(touches.latest("s0", null), null);
  assert.ok(touches.latest("s1", null));
});

Deno.test("Touches does not mind a database that is away, and waits for what it writes", async () => {
  let ended = 0;
  const touches = new Touches(async () => {
    await Promise.resolve();
    ended++;
    throw new Error("away");
  });
  touches.touch("a", null, at(0));
  touches.touch("b", null, at(0));
  await touches[Symbol.asyncDispose]();
  assert.equal(ended, 2);
});
