import assert from "node:assert/strict";
import { FakeClock } from "../../tests/kit/fake_clock.ts";
import { RawHttp } from "../../tests/kit/raw_http.ts";
import { RecordingLogger } from "../../tests/kit/recording_logger.ts";
import { HTTP_CONNECTIONS } from "../core/limits.ts";
import { type Handler, type HttpLimits, HttpServer } from "./http_server.ts";

/** For connections that are to time out whatever happens. */
const SOON: HttpLimits = {
  ...HTTP_CONNECTIONS,
  headersTimeoutMs: 100,
  requestTimeoutMs: 100,
  checkIntervalMs: 20,
};
/** For those that have something to do first, on a machine that is slow itself. */
const LATER: HttpLimits = { ...SOON, headersTimeoutMs: 2_000, requestTimeoutMs: 2_000 };

class Fixture implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly server: HttpServer;
  readonly requests: Request[] = [];
  readonly logger = new RecordingLogger();
  readonly #conns = new DisposableStack();

  constructor(handler: Handler, limits: HttpLimits = HTTP_CONNECTIONS) {
    this.server = new HttpServer({
      listen: { host: "127.0.0.1", port: 0 },
      clock: this.clock,
      logger: this.logger,
      limits,
      isUpload: (_method, target) => target === "/upload",
      handler: (request, remoteIp) => {
        this.requests.push(request);
        return handler(request, remoteIp);
      },
    });
  }

  async open(): Promise<RawHttp> {
    return this.#conns.use(await RawHttp.open(this.server.address));
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.server.address.port}${path}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#conns.dispose();
    await this.server.stop(0);
  }
}

const hello: Handler = () => new Response("hello");

Deno.test("HttpServer hands over what was asked, and sends what was answered", async () => {
  await using fixture = new Fixture(async (request, remoteIp) => {
    const { pathname, search } = new URL(request.url);
    const body = await request.text();
    const seen = [request.method, pathname, search, request.headers.get("x-a"), body, remoteIp];
    const headers = new Headers([["Set-Cookie", "a=1"], ["Set-Cookie", "b=2"], ["X-B", "c"]]);
    return new Response(JSON.stringify(seen), { status: 201, headers });
  });
  const body = "é".repeat(100_000);
  const headers = [["X-A", "1"], ["X-A", "2"]] as [string, string][];
  const answer = await fetch(fixture.url("/p%2Fq?r=s"), { method: "PUT", headers, body });
  assert.equal(answer.status, 201);
  assert.deepEqual(answer.headers.getSetCookie(), ["a=1", "b=2"]);
  assert.equal(answer.headers.get("x-b"), "c");
  assert.deepEqual(await answer.json(), ["PUT", "/p%2Fq", "?r=s", "1, 2", body, "127.0.0.1"]);
});

Deno.test("HttpServer answers HEAD without a body and says so of an empty one", async () => {
  await using fixture = new Fixture(({ method }) =>
    new Response(null, method === "HEAD" ? { status: 200 } : { status: 405 })
  );
  const conn = await fixture.open();
  assert.match(await conn.get("/", "\r\n\r\n"), /^HTTP\/1\.1 405 .*\r\nContent-Length: 0\r\n/s);
  await conn.send("HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  assert.match(await conn.rest(), /^HTTP\/1\.1 200 .*\r\n\r\n$/s);
});

Deno.test("HttpServer takes a target in any form for a path of its own", async () => {
  await using fixture = new Fixture(({ url }) => new Response(url));
  for (
    const [line, url] of [
      ["GET //other/x HTTP/1.1", "http://test//other/x"],
      ["GET http://other/x?y HTTP/1.1", "http://test/x?y"],
      ["OPTIONS * HTTP/1.1", "http://test/*"],
    ]
  ) {
    const conn = await fixture.open();
    await conn.send(`${line}\r\nHost: test\r\nConnection: close\r\n\r\n`);
    assert.equal((await conn.rest()).split("\r\n\r\n")[1], url);
  }
});

Deno.test("HttpServer refuses what no request can be, and goes on", async () => {
  await using fixture = new Fixture(hello);
  for (
    const [text, status] of [
      ["TRACE / HTTP/1.1\r\nHost: test\r\n\r\n", "400"],
      ["GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "400"],
      ["GET / HTTP/1.1\r\n\r\n", "400"],
      ["\x16\x03\x01\r\n\r\n", "400"],
      [`GET / HTTP/1.1\r\nHost: test\r\nX: ${"a".repeat(100_000)}\r\n\r\n`, "431"],
      [
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "400",
      ],
    ] as const
  ) {
    const conn = await fixture.open();
    await conn.send(text).catch(() => undefined);
    const answer = await conn.rest();
    assert.equal(answer.split(" ")[1] ?? status, status, text.slice(0, 60));
  }
  assert.equal(await (await fetch(fixture.url("/"))).text(), "hello");
  assert.equal(fixture.requests.length, 1);
});

for (const [name, sent] of [["nothing", ""], ["half a header", "GET / HTTP/1.1\r\nHo"]] as const) {
  Deno.test(`HttpServer cuts a connection that sends ${name}`, async () => {
    await using fixture = new Fixture(hello, SOON);
    const conn = await fixture.open();
    await conn.send(sent);
    assert.match(await conn.rest(), /^HTTP\/1\.1 408 /);
    assert.equal(fixture.requests.length, 0);
  });
}

Deno.test("HttpServer cuts a connection whose header comes byte by byte", async () => {
  await using fixture = new Fixture(hello, SOON);
  const conn = await fixture.open();
  await conn.send("GET / HTTP/1.1\r\nX: ");
  const drip = setInterval(() => void conn.send("a").catch(() => undefined), 5);
  assert.match(await conn.rest(), /^HTTP\/1\.1 408 /);
  clearInterval(drip);
});

Deno.test("HttpServer answers 408 when a body does not arrive in time", async () => {
  const failure = Promise.withResolvers<unknown>();
  await using fixture = new Fixture(async (request) => {
    await request.text().catch(failure.resolve);
    return new Response("late");
  });
  const conn = await fixture.open();
  await conn.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\nabc");
  await fixture.clock.armed();
  fixture.clock.advance(HTTP_CONNECTIONS.requestTimeoutMs);
  assert.match(await conn.rest(), /^HTTP\/1\.1 408 (?!.*late)/s);
  assert.equal(
    String(await failure.promise),
    "DecodeError: The request body did not arrive in time",
  );
});

/** A handler that tells what comes in, piece by piece. */
function receiving() {
  const pieces: string[] = [];
  let heard: () => void = () => undefined;
  async function handler({ body }: Request): Promise<Response> {
    for await (const chunk of body ?? []) {
      pieces.push(new TextDecoder().decode(chunk));
      heard();
    }
    return new Response(`got ${pieces.join("")}`);
  }
  async function until(count: number): Promise<void> {
    while (pieces.length < count) {
      await new Promise<void>((resolve) => heard = resolve);
    }
  }
  return { handler, until };
}

const UPLOAD = "PUT /upload HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\n";

Deno.test("HttpServer lets an upload take any time, as long as something comes", async () => {
  const upload = receiving();
  await using fixture = new Fixture(upload.handler);
  const conn = await fixture.open();
  await conn.send(UPLOAD);
  for (const [count, byte] of ["a", "b", "c"].entries()) {
    await fixture.clock.armed();
    fixture.clock.advance(HTTP_CONNECTIONS.uploadIdleTimeoutMs - 1);
    await conn.send(byte);
    await upload.until(count + 1);
  }
  await conn.send("d");
  assert.match(await conn.until("got abcd"), /^HTTP\/1\.1 200 /);
});

Deno.test("HttpServer cuts an upload of which nothing comes", async () => {
  const upload = receiving();
  await using fixture = new Fixture(upload.handler);
  const conn = await fixture.open();
  await conn.send(`${UPLOAD}a`);
  await upload.until(1);
  await fixture.clock.armed();
  fixture.clock.advance(HTTP_CONNECTIONS.uploadIdleTimeoutMs);
  assert.match(await conn.rest(), /^HTTP\/1\.1 408 (?!.*got)/s);
});

Deno.test("HttpServer does not pass over the rest of an upload for ever", async () => {
  await using fixture = new Fixture(() => new Response("too large", { status: 413 }));
  const conn = await fixture.open();
  await conn.send(`${UPLOAD}a`);
  await conn.until("too large");
  await fixture.clock.armed();
  fixture.clock.advance(HTTP_CONNECTIONS.requestTimeoutMs);
  await conn.rest();
});

Deno.test("HttpServer sends an answer that did not wait for the body", async () => {
  await using fixture = new Fixture(() => new Response("too large", { status: 413 }));
  const conn = await fixture.open();
  await conn.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\nabc");
  assert.match(await conn.until("too large"), /^HTTP\/1\.1 413 /);
  await conn.send("defghi");
  assert.match(await conn.get("/", "too large"), /^HTTP\/1\.1 413 /, "the rest was passed over");
});

Deno.test("HttpServer sends an answer to who reads a part of the body only", async () => {
  await using fixture = new Fixture(async ({ body }) => {
    const reader = body?.getReader();
    await reader?.read();
    await reader?.cancel();
    return new Response("too large", { status: 413 });
  });
  const conn = await fixture.open();
  await conn.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\nabc");
  assert.match(await conn.until("too large"), /^HTTP\/1\.1 413 /);
});

Deno.test("HttpServer closes a connection that stays idle after an answer", async () => {
  await using fixture = new Fixture(hello);
  const conn = await fixture.open();
  assert.match(await conn.get("/", "hello"), /^HTTP\/1\.1 200 /);
  assert.match(await conn.get("/", "hello"), /^HTTP\/1\.1 200 /, "it was kept");
  await fixture.clock.armed();
  fixture.clock.advance(2 * HTTP_CONNECTIONS.idleTimeoutMs);
  assert.equal(await conn.rest(), "");
});

/** A handler that streams what a test gives it. */
function streaming() {
  const cancelled = Promise.withResolvers<void>();
  const started = Promise.withResolvers<ReadableStreamDefaultController<Uint8Array>>();
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => started.resolve(controller),
    cancel: () => cancelled.resolve(),
  });
  const headers = { "Content-Type": "text/event-stream" };
  return {
    handler: () => new Response(body, { headers }),
    controller: started.promise,
    cancelled: cancelled.promise,
  };
}

Deno.test("HttpServer leaves an event stream alone, however long it is silent", async () => {
  const stream = streaming();
  await using fixture = new Fixture(
    (request) => request.url.endsWith("/stream") ? stream.handler() : hello(request, ""),
    LATER,
  );
  const conn = await fixture.open();
  const headers = await conn.get("/stream", "\r\n\r\n");
  assert.match(headers, /text\/event-stream/, "headers do not wait for an event");
  const slow = await fixture.open();
  await slow.send("GET / HTTP/1.1\r\n");
  await slow.rest();
  fixture.clock.advance(3_600_000);
  (await stream.controller).enqueue(new TextEncoder().encode("data: 1\n\n"));
  assert.match(await conn.until("data: 1\n\n"), /data: 1/);
  await conn.conn.closeWrite();
  await stream.cancelled;
});

Deno.test("HttpServer cuts a reader who takes nothing", async () => {
  const stream = streaming();
  await using fixture = new Fixture(stream.handler);
  const conn = await fixture.open();
  await conn.get("/", "\r\n\r\n");
  const controller = await stream.controller;
  const armed = fixture.clock.armed();
  for (let i = 0; i < 64; i++) controller.enqueue(new Uint8Array(1024 * 1024));
  await armed;
  fixture.clock.advance(HTTP_CONNECTIONS.stalledTimeoutMs);
  await stream.cancelled;
});

Deno.test("HttpServer makes room by closing the oldest connection without a request", async () => {
  const limits = { ...HTTP_CONNECTIONS, connectionsMax: 3 };
  const stream = streaming();
  await using fixture = new Fixture(
    (request) => request.url.endsWith("/stream") ? stream.handler() : hello(request, ""),
    limits,
  );
  const busy = await fixture.open();
  await busy.get("/stream", "\r\n\r\n");
  const oldest = await fixture.open();
  const newer = await fixture.open();
  await newer.send("GET / HTTP/1.1\r\n");
  const late = await fixture.open();
  assert.match(await late.get("/", "hello"), /^HTTP\/1\.1 200 /);
  assert.equal(await oldest.rest(), "");
  const address = `127.0.0.1:${fixture.server.address.port}`;
  assert.deepEqual(fixture.logger.of("listener.full").map(({ fields }) => fields), [
    { listener: address, reason: "3 connections" },
  ]);
  await newer.send("Host: test\r\n\r\n");
  assert.match(await newer.until("hello"), /^HTTP\/1\.1 200 /);
  (await stream.controller).enqueue(new TextEncoder().encode("data: 1\n\n"));
  assert.match(await busy.until("data: 1"), /data/, "who is served stays");
});

Deno.test("HttpServer refuses a connection when everybody else is served", async () => {
  const limits = { ...HTTP_CONNECTIONS, connectionsPerPeerMax: 1 };
  const stream = streaming();
  await using fixture = new Fixture(stream.handler, limits);
  const busy = await fixture.open();
  await busy.get("/", "\r\n\r\n");
  const late = await fixture.open();
  assert.equal(await late.rest(), "");
  (await stream.controller).close();
  await busy.until("0\r\n\r\n");
});

Deno.test("HttpServer.stop() finishes what is under way, closes the rest, and cuts at the end", async () => {
  const gate = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  await using fixture = new Fixture(async ({ url }) => {
    if (url.endsWith("/hang")) return await new Promise<Response>(() => undefined);
    arrived.resolve();
    await gate.promise;
    return new Response("done");
  });
  const [idle, hanging, working] = [
    await fixture.open(),
    await fixture.open(),
    await fixture.open(),
  ];
  await hanging.send("GET /hang HTTP/1.1\r\nHost: test\r\n\r\n");
  await working.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
  await arrived.promise;
  const stopped = fixture.server.stop(5_000);
  assert.equal(await idle.rest(), "");
  await assert.rejects(fixture.open(), Deno.errors.ConnectionRefused);
  gate.resolve();
  assert.match(await working.rest(), /^HTTP\/1\.1 200 .*done$/s, "answered, then closed");
  fixture.clock.advance(5_000);
  await stopped;
  assert.equal(await hanging.rest(), "");
});
