import assert from "node:assert/strict";
import fc from "fast-check";
import { clientHello, inRecords } from "../../tests/kit/client_hello.ts";
import { peekClientHello } from "./client_hello.ts";

const NAME = "api.example.com";
const HELLO = await clientHello(NAME);

Deno.test("peekClientHello() reads the names that real clients send", async () => {
  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    for (const name of [NAME, "xn--bcher-kva.example", null]) {
      assert.deepEqual(
        peekClientHello(await clientHello(name, version)),
        { kind: "hello", serverName: name },
      );
    }
  }
});

Deno.test("peekClientHello() wants more until the last byte is there, and minds none after it", () => {
  for (let length = 0; length < HELLO.length; length++) {
    assert.deepEqual(peekClientHello(HELLO.subarray(0, length)), { kind: "more" }, `${length}`);
  }
  const longer = new Uint8Array(HELLO.length + 3);
  longer.set(HELLO);
  assert.deepEqual(peekClientHello(longer), { kind: "hello", serverName: NAME });
});

Deno.test("peekClientHello() puts a message together from its records, wherever it is cut", () => {
  const length = HELLO.length - 5;
  for (let cut = 1; cut < length; cut++) {
    const records = inRecords(HELLO, [cut]);
    assert.deepEqual(peekClientHello(records), { kind: "hello", serverName: NAME }, `${cut}`);
    assert.equal(peekClientHello(records.subarray(0, 5 + cut)).kind, "more");
  }
  const bytewise = inRecords(HELLO, Array.from({ length }, () => 1));
  assert.deepEqual(peekClientHello(bytewise), { kind: "hello", serverName: NAME });
});

Deno.test("peekClientHello() tells what is no TLS from what is bad TLS", () => {
  const text = (value: string) => new TextEncoder().encode(value);
  assert.equal(peekClientHello(text("GET / HTTP/1.1\r\n")).kind, "not_tls");
  assert.equal(peekClientHello(Uint8Array.of(0x16, 0x02, 1, 0, 1)).kind, "not_tls");
  const cases: [what: string, bytes: Uint8Array][] = [
    ["an empty record", Uint8Array.of(0x16, 3, 1, 0, 0)],
    ["a record that is too long", Uint8Array.of(0x16, 3, 1, 0x40, 1)],
    ["another message", Uint8Array.of(0x16, 3, 1, 0, 4, 2, 0, 0, 0)],
    [
      "an alert between records",
      Uint8Array.from([...inRecords(HELLO, [9]).subarray(0, 14), 21, 3, 1, 0, 2, 2, 40]),
    ],
    ["a body that is too short", Uint8Array.of(0x16, 3, 1, 0, 4, 1, 0, 0, 0)],
  ];
  for (const [what, bytes] of cases) assert.equal(peekClientHello(bytes).kind, "malformed", what);
});

Deno.test("peekClientHello() takes the first host name, trimmed, in lower case, without dots at its end", () => {
  const helloWith = (names: readonly [type: number, name: string][]) => {
    const encoded = names.flatMap(([type, name]) => {
      const bytes = [...new TextEncoder().encode(name)];
      return [type, bytes.length >> 8, bytes.length & 0xff, ...bytes];
    });
    const list = [encoded.length >> 8, encoded.length & 0xff, ...encoded];
    const extensions = [0, 0, list.length >> 8, list.length & 0xff, ...list];
    const body = [
      ...new Uint8Array(34),
      0, // session id
      ...[0, 2, 0x13, 0x01],
      ...[1, 0],
      extensions.length >> 8,
      extensions.length & 0xff,
      ...extensions,
    ];
    const message = [1, 0, body.length >> 8, body.length & 0xff, ...body];
    return Uint8Array.from([0x16, 3, 1, message.length >> 8, message.length & 0xff, ...message]);
  };
  const cases: [names: [number, string][], expected: string | null][] = [
    [[[0, " WWW.Example.COM.. "]], "www.example.com"],
    [[[7, "other"], [0, "..."], [0, "second.example"]], "second.example"],
    [[[0, ""]], null],
    [[], null],
    [[[0, "\u212a.example"]], "\u212a.example"],
  ];
  for (const [names, expected] of cases) {
    const peek = peekClientHello(helloWith(names));
    assert.deepEqual(peek, { kind: "hello", serverName: expected }, JSON.stringify(names));
  }
});

Deno.test("peekClientHello() answers any bytes, and any damage to real ones", () => {
  const kinds = ["more", "hello", "not_tls", "malformed"];
  const check = (bytes: Uint8Array) => assert.ok(kinds.includes(peekClientHello(bytes).kind));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), check));
  const damage = fc.array(fc.tuple(fc.nat(HELLO.length - 1), fc.nat(255)), { maxLength: 6 });
  fc.assert(
    fc.property(damage, fc.nat(HELLO.length), (changes, length) => {
      const bytes = HELLO.slice();
      for (const [at, value] of changes) bytes[at] = value;
      check(bytes.subarray(0, length));
      check(bytes);
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("peekClientHello() does not take long over the smallest of records", () => {
  const record = [0x16, 0x03, 0x01, 0, 1];
  const endless = [0x01, 0xff, 0xff, 0xff];
  const bytes = Uint8Array.from(
    { length: 64 * 1024 },
    (_, i) => record[i % 6] ?? endless[Math.floor(i / 6)] ?? 0,
  );
  const startedAt = performance.now();
  for (let length = 4_096; length <= bytes.length; length += 4_096) {
    assert.deepEqual(peekClientHello(bytes.subarray(0, length)), { kind: "more" });
  }
  const tookMs = performance.now() - startedAt;
  assert.ok(tookMs < 3_000, `${tookMs} ms: the time grows faster than the message`);
});
