import assert from "node:assert/strict";
import fc from "fast-check";
import { FrameFilter, type Sender } from "./frame_filter.ts";

const PREFACE = new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const GOAWAY = 0x7;
const PING = 0x6;

interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly payload: Uint8Array;
}

function encode({ type, flags, payload }: Frame): Uint8Array {
  const bytes = new Uint8Array(9 + payload.length);
  new DataView(bytes.buffer).setUint32(0, payload.length << 8 | type);
  bytes[4] = flags;
  bytes[8] = 1;
  bytes.set(payload, 9);
  return bytes;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** What `filter` lets through of `bytes`, cut into chunks of `sizes`. */
function feed(
  bytes: Uint8Array,
  options: { readonly sender: Sender; readonly sizes: readonly number[] },
): { kept: Uint8Array; goaways: number[] } {
  const goaways: number[] = [];
  const filter = new FrameFilter({
    sender: options.sender,
    onGoaway: (lastStreamId) => goaways.push(lastStreamId),
  });
  const kept: Uint8Array[] = [];
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const size = options.sizes[i % options.sizes.length] ?? bytes.length;
    kept.push(...filter.feed(bytes.slice(at, at + size)));
    at += size;
  }
  return { kept: concat(kept), goaways };
}

const isKept = ({ type, flags }: Frame): boolean =>
  [0x0, 0x1, 0x3, 0x4, 0x8, 0x9].includes(type) || (type === PING && (flags & 1) === 0);

const frame: fc.Arbitrary<Frame> = fc.record({
  type: fc.integer({ min: 0, max: 15 }),
  flags: fc.nat(255),
  payload: fc.uint8Array({ maxLength: 40 }),
});

// fast-check prints the seed of a failure.
Deno.test("FrameFilter passes the same frames on however the bytes are cut", () => {
  const chunks = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 5 });
  const sender = fc.constantFrom("client" as const, "server" as const);
  fc.assert(fc.property(fc.array(frame), chunks, sender, (frames, sizes, sender) => {
    const preface = sender === "client" ? PREFACE : new Uint8Array();
    const { kept, goaways } = feed(concat([preface, ...frames.map(encode)]), { sender, sizes });
    const expected = concat([preface, ...frames.filter(isKept).map(encode)]);
    assert.equal(kept.toHex(), expected.toHex());
    assert.equal(goaways.length, frames.filter(({ type }) => type === GOAWAY).length);
  }));
});

Deno.test("FrameFilter reads the last stream id of a GOAWAY, without the reserved bit", () => {
  const goaway = (hex: string) =>
    encode({ type: GOAWAY, flags: 0, payload: Uint8Array.fromHex(hex) });
  const bytes = concat([
    goaway("7fffffff" + "00000000"),
    goaway("80000001" + "00000002" + "ffff"),
    goaway("00000000" + "00000000"),
  ]);
  for (const size of [1, 3, 1000]) {
    const { kept, goaways } = feed(bytes, { sender: "server", sizes: [size] });
    assert.deepEqual(goaways, [0x7fff_ffff, 1, 0]);
    assert.equal(kept.length, 0);
  }
});

Deno.test("FrameFilter passes on parts of a frame before the rest has arrived", () => {
  const bytes = encode({ type: 0, flags: 0, payload: new Uint8Array(1000) });
  const filter = new FrameFilter({ sender: "server", onGoaway: () => assert.fail() });
  assert.equal(concat(filter.feed(bytes.subarray(0, 8))).length, 0);
  assert.equal(concat(filter.feed(bytes.subarray(8, 100))).length, 100);
  assert.equal(concat(filter.feed(bytes.subarray(100))).length, 909);
});
