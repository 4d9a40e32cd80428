import assert from "node:assert/strict";
import { createServer, type TLSSocket } from "node:tls";
import { fingerprint } from "../../src/wire/certificate.ts";
import { redeemEnrollment } from "../../src/wire/control_client.ts";
import type { CertificatePair } from "../../src/wire/self_signed.ts";
import { PIN_MISMATCH } from "../../src/wire/streams.ts";
import {
  certificate,
  hello,
  never,
  open,
  readAll,
  startServer,
  type TestServer,
  wireError,
} from "./harness.ts";
import { startTls13Server } from "./tls13_server.ts";

const MISMATCH = `tls: ${PIN_MISMATCH}`;
const OTHER_PIN = "00".repeat(32);

/** A full session with `server` works. */
async function assertWorks(server: Pick<TestServer, "endpoint" | "pin">): Promise<void> {
  const stream = await open(server);
  await stream.send(hello());
  stream.close();
  assert.deepEqual(await readAll(stream), ["3.2.0"]);
}

/** A TLS server without HTTP/2 behind it, that keeps what it is sent. */
interface RecordingServer extends AsyncDisposable {
  readonly endpoint: string;
  /** Everything that came after the handshake, once the first connection is over. */
  readonly received: Promise<Uint8Array>;
}

async function startRecordingServer(
  pair: CertificatePair,
  alpn: string[],
): Promise<RecordingServer> {
  const { promise: received, resolve } = Promise.withResolvers<Uint8Array>();
  const server = createServer(
    { cert: pair.certPem, key: pair.keyPem, ALPNProtocols: alpn },
    (socket: TLSSocket) => {
      const bytes: number[] = [];
      socket.on("data", (chunk: Uint8Array) => bytes.push(...chunk));
      socket.on("error", () => {});
      socket.on("close", () => resolve(Uint8Array.from(bytes)));
    },
  );
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  return {
    endpoint: `127.0.0.1:${address.port}`,
    received,
    [Symbol.asyncDispose]: () => new Promise((closed) => void server.close(() => closed())),
  };
}

Deno.test("a client that finds another certificate sends nothing at all", async () => {
  const pair = await certificate();
  await using server = await startRecordingServer(pair, ["h2"]);
  await assert.rejects(
    open({ endpoint: server.endpoint, pin: OTHER_PIN }),
    wireError("tls", MISMATCH),
  );
  assert.equal((await server.received).length, 0);
});

Deno.test("an enrollment code is not sent to another certificate", async () => {
  const pair = await certificate();
  await using server = await startRecordingServer(pair, ["h2"]);
  await assert.rejects(
    redeemEnrollment({ endpoint: server.endpoint, pin: OTHER_PIN, code: "c", signal: never }),
    wireError("tls", MISMATCH),
  );
  assert.equal((await server.received).length, 0);
});

Deno.test("a recording server does see what is sent to it: the control of the tests above", async () => {
  const pair = await certificate();
  await using server = await startRecordingServer(pair, ["h2"]);
  const abort = new AbortController();
  const opening = open(
    { endpoint: server.endpoint, pin: fingerprint(pair.certPem) },
    { signal: abort.signal },
  );
  await opening;
  abort.abort();
  assert.match(new TextDecoder().decode(await server.received), /^PRI \* HTTP\/2\.0/);
});

for (const alpn of [[], ["http/1.1"]]) {
  Deno.test(`a server that speaks ${alpn[0] ?? "no protocol"} is refused`, async () => {
    const pair = await certificate();
    await using server = await startRecordingServer(pair, alpn);
    await assert.rejects(
      open({ endpoint: server.endpoint, pin: fingerprint(pair.certPem) }),
      wireError("tls", /^tls: /),
    );
    if (alpn.length === 0) assert.equal((await server.received).length, 0);
  });
}

Deno.test("a mismatch is not terminal and reaches enrollment as well", async () => {
  await using server = startServer();
  const wrong = { ...server, pin: OTHER_PIN };
  await assert.rejects(open(wrong), wireError("tls", MISMATCH));
  await assert.rejects(
    redeemEnrollment({ ...wrong, code: "c", signal: never }),
    wireError("tls", MISMATCH),
  );
  assert.deepEqual(server.tokens, []);
});

Deno.test("a pin may be written in any case", async () => {
  await using server = startServer();
  await assertWorks({ ...server, pin: server.pin.toUpperCase() });
});

Deno.test("the pin replaces every other check: names, expiry, issuer", async () => {
  const year = 365 * 86_400_000;
  const pairs = {
    "without a DNS name": await certificate({ names: ["192.0.2.1"] }),
    "for another host": await certificate({ names: ["elsewhere.example"] }),
    "expired": await certificate({ nowMs: Date.now() - 20 * year }),
    "not valid yet": await certificate({ nowMs: Date.now() + year }),
  };
  for (const [what, pair] of Object.entries(pairs)) {
    await using server = startServer({ pair });
    await assert.doesNotReject(assertWorks(server), what);
  }
});

Deno.test("the owner of the pinned key completes a hand-made handshake", async () => {
  const pair = await certificate();
  using server = startTls13Server({ certPem: pair.certPem, signingKeyPem: pair.keyPem });
  const stream = await open({
    endpoint: `127.0.0.1:${server.port}`,
    pin: fingerprint(pair.certPem),
  });
  const visit = await server.visit;
  assert.equal(visit.accepted, true);
  assert.match(new TextDecoder().decode(visit.received), /^PRI \* HTTP\/2\.0/);
  assert.deepEqual(visit.hello.alpn, ["h2"]);
  await assert.rejects(readAll(stream), wireError("transport", /^transport: /));
});

Deno.test("an impostor with the pinned certificate and another key gets nothing", async () => {
  const { certPem } = await certificate();
  const { keyPem } = await certificate();
  using server = startTls13Server({ certPem, signingKeyPem: keyPem });
  await assert.rejects(
    open({ endpoint: `127.0.0.1:${server.port}`, pin: fingerprint(certPem) }),
    wireError("tls", /^tls: /),
  );
  const { accepted, received } = await server.visit;
  assert.equal(accepted, false);
  assert.equal(received.length, 0);
});

for (const [host, sni] of [["127.0.0.1", null], ["localhost", "localhost"]] as const) {
  Deno.test(`a client that dials ${host} sends ${sni ?? "no name"} as SNI`, async () => {
    const pair = await certificate();
    using server = startTls13Server({ certPem: pair.certPem, signingKeyPem: pair.keyPem });
    const stream = await open({
      endpoint: `${host}:${server.port}`,
      pin: fingerprint(pair.certPem),
    });
    assert.equal((await server.visit).hello.serverName, sni);
    await assert.rejects(readAll(stream));
  });
}

Deno.test("nobody listening, and nothing to dial, are transport errors", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const dial = (endpoint: string) => open({ endpoint, pin: OTHER_PIN });
  await assert.rejects(
    dial(`127.0.0.1:${port}`),
    wireError("transport", /^transport: connect ECONNREFUSED 127\.0\.0\.1/),
  );
  for (const endpoint of ["", "localhost", "localhost:", ":7443", "localhost:port"]) {
    await assert.rejects(
      dial(endpoint),
      wireError("transport", `transport: "${endpoint}" is not host:port`),
    );
  }
});

Deno.test("a peer that hangs up during the handshake is a TLS error", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    using socket = await listener.accept();
    await socket.read(new Uint8Array(1));
  })();
  await assert.rejects(
    open({ endpoint: `127.0.0.1:${listener.addr.port}`, pin: OTHER_PIN }),
    wireError("tls", /^tls: /),
  );
  await serving;
  listener.close();
});

Deno.test("aborting a dial ends it, and its connection, while the peer says nothing", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const abort = new AbortController();
  const dialling = open(
    { endpoint: `127.0.0.1:${listener.addr.port}`, pin: OTHER_PIN },
    { signal: abort.signal },
  );
  using socket = await listener.accept();
  assert.notEqual(await socket.read(new Uint8Array(4096)), null);
  abort.abort(new Error("enough"));
  await assert.rejects(dialling, wireError("transport", "transport: Cancelled: enough"));
  const next = await socket.read(new Uint8Array(4096)).catch(() => null);
  assert.equal(next, null);
  listener.close();
  await assert.rejects(
    open({ endpoint: "127.0.0.1:1", pin: OTHER_PIN }, { signal: abort.signal }),
    wireError("transport", "transport: Cancelled: enough"),
  );
});
