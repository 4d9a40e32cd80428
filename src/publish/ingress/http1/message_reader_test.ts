import assert from "node:assert/strict";
import fc from "fast-check";
import { MemoryTransport } from "../../../../tests/kit/transports.ts";
import { INGRESS } from "../../../core/publish_limits.ts";
import { BadMessage } from "./bad_message.ts";
import { BodyReader } from "./body_reader.ts";
import { MessageReader } from "./message_reader.ts";
import { MessageWriter } from "./message_writer.ts";

const textOf = (bytes: Uint8Array) => String.fromCharCode(...bytes);

/** A reader of `text`, and then of nothing. */
async function readerOf(text: string, cut?: number): Promise<MessageReader> {
  const [from, to] = MemoryTransport.pair(cut === undefined ? undefined : () => cut);
  await from.send(text);
  await from.closeWrite();
  return new MessageReader(to, 8);
}

Deno.test("MessageReader.readHead() ends where the head does, and leaves the rest", async () => {
  for (const cut of [1, 2, 3, 7, 100]) {
    const reader = await readerOf("GET / HTTP/1.1\r\nHost: a\r\n\r\nbody", cut);
    assert.equal(await reader.readHead(), "GET / HTTP/1.1\r\nHost: a\r\n");
    while (reader.buffered < 4) await reader.fill();
    assert.equal(textOf(reader.take()), "body");
    assert.equal(await reader.readHead(), null);
  }
});

Deno.test("MessageReader.readHead() takes a head of the largest size, and none larger", async () => {
  const line = "GET / HTTP/1.1\r\n";
  const head = (length: number) => `${line}A: ${"b".repeat(length - line.length - 7)}\r\n\r\n`;
  const fits = await readerOf(head(INGRESS.headMaxBytes));
  assert.equal((await fits.readHead())?.length, INGRESS.headMaxBytes - 2);
  for (
    const text of [head(INGRESS.headMaxBytes + 2), head(INGRESS.headMaxBytes + 100).slice(0, -4)]
  ) {
    const reader = await readerOf(text);
    await assert.rejects(reader.readHead(), { name: "BadMessage", status: 431 });
  }
});

Deno.test("MessageReader takes a large buffer while much comes, and then waits with a small one", async () => {
  const [from, to] = MemoryTransport.pair();
  const sizes: number[] = [];
  const read = to.read.bind(to);
  to.read = (buffer) => {
    sizes.push(buffer.length);
    return read(buffer);
  };
  const reader = new MessageReader(to, 8);
  const pass = async (bytes: number) => {
    await from.send("a".repeat(bytes));
    for (let left = bytes; left > 0; left -= reader.take().length) {
      await reader.fill();
      reader.ease();
    }
    reader.ease();
  };
  await pass(9);
  await pass(3);
  // A message that ends just where the buffer does leaves nothing large behind either.
  await pass(8);
  reader.settle();
  await pass(1);
  assert.deepEqual(sizes, [8, INGRESS.largeBufferBytes, 8, 8, 8]);
});

Deno.test("MessageReader.fill() begins one read however often it is asked", async () => {
  const [from, to] = MemoryTransport.pair();
  const reader = new MessageReader(to);
  const waiting = [reader.fill(), reader.fill()];
  await from.send("abc");
  assert.deepEqual(await Promise.all(waiting), [true, true]);
  assert.equal(textOf(reader.take(2)), "ab");
  assert.equal(textOf(reader.take()), "c");
});

Deno.test("BodyReader reads what MessageWriter writes, in whatever pieces", async () => {
  const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 70_000 }), { maxLength: 5 });
  const kinds = fc.constantFrom("length" as const, "chunked" as const);
  await fc.assert(
    fc.asyncProperty(
      pieces,
      kinds,
      fc.integer({ min: 1, max: 9_000 }),
      async (parts, kind, cut) => {
        const bytes = parts.reduce((sum, { length }) => sum + length, 0);
        const framing = kind === "length" ? { kind, bytes } as const : { kind } as const;
        const [from, to] = MemoryTransport.pair(() => cut);
        const writer = new MessageWriter(from);
        writer.begin("X\r\n\r\n", framing);
        for (const part of parts) await writer.write(part);
        await writer.end();
        await from.send("next");
        const reader = new MessageReader(to);
        assert.equal(await reader.readHead(), "X\r\n");
        const body = new BodyReader(reader, framing);
        const got: number[] = [];
        for (let part = await body.read(); part !== null; part = await body.read()) {
          got.push(
            ...part,
          );
        }
        assert.deepEqual(got, parts.flatMap((part) => [...part]));
        while (reader.buffered < 4) await reader.fill();
        assert.equal(textOf(reader.take()), "next");
      },
    ),
    { numRuns: 30 },
  );
});

Deno.test("BodyReader tells a body that ends early from one that ends", async () => {
  const early = new BodyReader(await readerOf("ab"), { kind: "length", bytes: 3 });
  await assert.rejects(async () => {
    while (await early.read() !== null);
  }, BadMessage);
  const close = new BodyReader(await readerOf("ab"), { kind: "close" });
  assert.equal(textOf(await close.read() ?? new Uint8Array()), "ab");
  assert.equal(await close.read(), null);
  assert.ok(close.isDone);
});
