import assert from "node:assert/strict";
import { readHidden, type Terminal } from "./terminal.ts";

/** A terminal on which `keys` are typed. */
class FakeTerminal implements Terminal {
  readonly modes: boolean[] = [];
  shown = "";
  #keys: Uint8Array;

  constructor(keys: string, readonly terminal = true) {
    this.#keys = new TextEncoder().encode(keys);
  }

  isTerminal = () => this.terminal;
  setRaw = (mode: boolean) => void this.modes.push(mode);
  read(buffer: Uint8Array): Promise<number | null> {
    if (this.#keys.length === 0) return Promise.resolve(null);
    const n = Math.min(buffer.length, this.#keys.length);
    buffer.set(this.#keys.subarray(0, n));
    this.#keys = this.#keys.subarray(n);
    return Promise.resolve(n);
  }

  ask = (prompt: string) => readHidden(this, prompt, (text) => this.shown += text);
}

Deno.test("readHidden() reads lines one by one and shows only the prompts", async () => {
  const terminal = new FakeTerminal("correct ☂\rnext\n");
  assert.equal(await terminal.ask("First: "), "correct ☂");
  assert.equal(await terminal.ask("Second: "), "next");
  assert.equal(terminal.shown, "First: \nSecond: \n");
  assert.deepEqual(terminal.modes, [true, false, true, false]);
});

Deno.test("readHidden() takes back whole characters", async () => {
  assert.equal(await new FakeTerminal("a☂\x7fb🔑\x08\x08\x7f\x7f\x7fx\r").ask(""), "x");
});

Deno.test("readHidden() gives up when it is interrupted, at the end, and without a terminal", async () => {
  for (const keys of ["abc\x03\r", "abc\x04\r", "abc"]) {
    const terminal = new FakeTerminal(keys);
    await assert.rejects(terminal.ask(""), /no password was entered/);
    assert.deepEqual(terminal.modes, [true, false]);
  }
  const pipe = new FakeTerminal("abc\r", false);
  await assert.rejects(pipe.ask("Password: "), /stdin is not a terminal/);
  assert.deepEqual([pipe.shown, pipe.modes], ["", []]);
});
