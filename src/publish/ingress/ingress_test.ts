/** The ingress on real sockets, with real TLS clients. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type TLSSocket } from "node:tls";
import { RawHttp } from "../../../tests/kit/raw_http.ts";
import { silentLogger } from "../../../tests/kit/silent_logger.ts";
import { systemClock } from "../../system/clock.ts";
import { systemRandom } from "../../system/random.ts";
import { generateSelfSigned } from "../../wire/self_signed.ts";
import type { HostCertificate } from "../certificates/certificate.ts";
import { Ingress } from "./ingress.ts";
import type { IngressRoute } from "./route.ts";

const ANYWHERE = { host: "127.0.0.1", port: 0 } as const;
let versions = 0;

async function certificateOf(host: string): Promise<HostCertificate> {
  const pair = await generateSelfSigned({
    commonName: host,
    names: [host],
    nowMs: Date.now(),
    random: systemRandom,
  });
  return { ...pair, version: ++versions };
}

/** An ingress for hosts behind one upstream on a real port. */
class RunningIngress implements AsyncDisposable {
  readonly ingress: Ingress;

  private constructor(
    readonly certificates: Map<string, HostCertificate>,
    readonly routes: Map<string, IngressRoute>,
    limits?: { readonly connectionsMax: number; readonly connectionsPerPeerMax: number },
  ) {
    this.ingress = new Ingress({
      httpListen: ANYWHERE,
      httpsListen: ANYWHERE,
      routes,
      certificates,
      challenges: { respond: (token) => token === "known" ? "known.print" : undefined },
      clock: systemClock,
      logger: silentLogger,
      ...(limits !== undefined && { limits }),
    });
  }

  static async start(
    port: number,
    { hosts = ["app.test"], limits }: {
      readonly hosts?: readonly string[];
      readonly limits?: { readonly connectionsMax: number; readonly connectionsPerPeerMax: number };
    } = {},
  ): Promise<RunningIngress> {
    const certificates = new Map<string, HostCertificate>();
    const routes = new Map<string, IngressRoute>();
    for (const host of hosts) {
      certificates.set(host, await certificateOf(host));
      const upstream = { hostname: "127.0.0.1", port };
      routes.set(host, { host, gate: null, target: { kind: "proxy", upstream } });
    }
    return new RunningIngress(certificates, routes, limits);
  }

  /** A connection whose client names `host` and trusts its certificate. */
  async connect(host = "app.test"): Promise<TlsClient> {
    return await TlsClient.open(
      this.ingress.addresses.https.port,
      host,
      this.certificates.get(host),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.ingress.stop(0);
  }
}

class TlsClient implements Disposable {
  #received = "";
  #ended = false;

  private constructor(readonly socket: TLSSocket) {
    socket.on("data", (chunk: Uint8Array) => this.#received += new TextDecoder().decode(chunk));
    socket.on("close", () => this.#ended = true);
    socket.on("error", () => {});
  }

  static async open(port: number, host: string, certificate?: HostCertificate): Promise<TlsClient> {
    const socket = connect({
      host: "127.0.0.1",
      port,
      servername: host,
      ALPNProtocols: ["http/1.1"],
      ...(certificate === undefined ? { rejectUnauthorized: false } : { ca: certificate.certPem }),
    });
    await once(socket, "secureConnect");
    return new TlsClient(socket);
  }

  send(text: string): void {
    this.socket.write(text);
  }

  /** Reads until what came ends with `end`, or the connection is over. */
  async until(end: string): Promise<string> {
    while (!this.#received.endsWith(end) && !this.#ended) {
      await Promise.race([once(this.socket, "data"), once(this.socket, "close")]);
    }
    const received = this.#received;
    this.#received = "";
    return received;
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

const get = (host: string, path = "/") => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;

/** An upstream that says what it was asked, echoes WebSockets, and has large bodies. */
function startUpstream(): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const { pathname } = new URL(request.url);
    if (request.headers.get("upgrade") === "websocket") {
      const { socket, response } = Deno.upgradeWebSocket(request);
      socket.onmessage = ({ data }) => socket.send(data);
      return response;
    }
    if (pathname === "/size") {
      let size = 0;
      for await (const chunk of request.body ?? []) size += chunk.length;
      return new Response(`${size}\n`);
    }
    return new Response(`${request.headers.get("host")} ${pathname}\n`);
  });
}

Deno.test("Ingress presents each host's certificate, and a new one without cutting anybody", async () => {
  await using upstream = startUpstream();
  await using running = await RunningIngress.start(upstream.addr.port, {
    hosts: ["app.test", "blog.test"],
  });
  using app = await running.connect("app.test");
  using blog = await running.connect("blog.test");
  assert.equal(blog.socket.getPeerCertificate().subject.CN, "blog.test");
  app.send(get("app.test", "/1"));
  assert.match(await app.until("\n"), /^HTTP\/1.1 200 OK\r\n[^]*\r\n\r\napp.test \/1\n$/);

  const before = app.socket.getPeerCertificate().fingerprint256;
  running.certificates.set("app.test", await certificateOf("app.test"));
  using renewed = await running.connect("app.test");
  assert.notEqual(renewed.socket.getPeerCertificate().fingerprint256, before);
  app.send(get("app.test", "/2"));
  assert.match(await app.until("\n"), /app.test \/2\n$/);

  // Another host than the one that was named, although it is published.
  app.send(get("blog.test"));
  assert.match(await app.until("Request\n"), /^HTTP\/1.1 421 /);
});

Deno.test("Ingress has no certificate for names that are not published", async () => {
  await using running = await RunningIngress.start(1);
  const { port } = running.ingress.addresses.https;
  const nobody = TlsClient.open(port, "nobody.test");
  await assert.rejects(nobody, ({ message }: Error) => /unrecogni[sz]ed.?name/i.test(message));
  // A host appears with its route and its certificate, whichever comes last.
  const certificate = await certificateOf("late.test");
  running.certificates.set("late.test", certificate);
  await assert.rejects(TlsClient.open(port, "late.test"));
  const upstream = { hostname: "127.0.0.1", port: 1 };
  running.routes.set("late.test", {
    host: "late.test",
    gate: null,
    target: { kind: "proxy", upstream },
  });
  using late = await running.connect("late.test");
  late.send(get("late.test"));
  assert.match(await late.until("Gateway\n"), /^HTTP\/1.1 502 /);
});

Deno.test("Ingress answers challenges on its plain port, and sends others to HTTPS", async () => {
  await using running = await RunningIngress.start(1);
  const { http, https } = running.ingress.addresses;
  const cases: [target: string, host: string, expected: RegExp][] = [
    [
      "/.well-known/acme-challenge/known",
      "anything.test",
      /^HTTP\/1.1 200 [^]*\r\n\r\nknown.print$/,
    ],
    ["/.well-known/acme-challenge/other", "anything.test", /^HTTP\/1.1 421 /],
    [
      "/a?b=c",
      "app.test",
      new RegExp(`^HTTP/1.1 308 [^]*\r\nLocation: https://app.test:${https.port}/a\\?b=c\r\n`),
    ],
    ["/", "nobody.test", /^HTTP\/1.1 421 /],
  ];
  for (const [target, host, expected] of cases) {
    using client = await RawHttp.open(http);
    await client.send(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    assert.match(await client.rest(), expected);
  }
});

Deno.test("Ingress passes WebSockets through", async () => {
  await using upstream = startUpstream();
  await using running = await RunningIngress.start(upstream.addr.port);
  using client = await running.connect();
  client.send(
    "GET /ws HTTP/1.1\r\nHost: app.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
  );
  const answer = await client.until("\r\n\r\n");
  assert.match(answer, /^HTTP\/1.1 101 /);
  assert.match(answer, /\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/i);
  // A text frame, masked with zeros, comes back without a mask.
  client.socket.write(Uint8Array.of(0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69));
  assert.ok((await client.until("hi")).endsWith("\x02hi"));
});

Deno.test("Ingress passes large bodies on without keeping them", async () => {
  await using upstream = startUpstream();
  await using running = await RunningIngress.start(upstream.addr.port);
  using client = await running.connect();
  const mebibyte = new Uint8Array(1024 * 1024);
  const count = 400;
  const before = Deno.memoryUsage().rss;
  client.send(
    `POST /size HTTP/1.1\r\nHost: app.test\r\nContent-Length: ${count * 2 ** 20}\r\n\r\n`,
  );
  for (let i = 0; i < count; i++) {
    if (!client.socket.write(mebibyte)) await once(client.socket, "drain");
  }
  assert.match(await client.until("\n"), new RegExp(`\r\n\r\n${count * 2 ** 20}\n$`));
  const grown = (Deno.memoryUsage().rss - before) / 2 ** 20;
  assert.ok(grown < count * 0.75, `${grown} MiB more`);
});

Deno.test("Ingress makes room among idle connections", async () => {
  await using upstream = startUpstream();
  const limits = { connectionsMax: 2, connectionsPerPeerMax: 2 };
  await using running = await RunningIngress.start(upstream.addr.port, { limits });
  using first = await running.connect();
  using second = await running.connect();
  using third = await running.connect();
  assert.equal(await first.until("nothing"), "");
  for (const client of [second, third]) {
    client.send(get("app.test"));
    assert.match(await client.until("\n"), /^HTTP\/1.1 200 OK\r\n/);
  }
});
