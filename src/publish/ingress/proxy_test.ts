import assert from "node:assert/strict";
import { INGRESS } from "../../core/publish_limits.ts";
import { APP, IngressFixture, ORIGIN } from "../../../tests/kit/ingress_fixture.ts";
import { turn } from "../../../tests/kit/turn.ts";
import type { IngressRoute } from "./route.ts";

const GET = "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n";
const GOT = `GET / HTTP/1.1\r\nHost: app.test\r\n${ORIGIN}\r\n`;
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/** What a client gets for what its upstream answers a `GET`. */
async function answered(answer: string, end: string, request = GET): Promise<string> {
  const fixture = new IngressFixture();
  const client = fixture.client();
  await client.send(request);
  const upstream = await fixture.upstream();
  await upstream.until("\r\n\r\n");
  await upstream.send(answer);
  if (end === "close") upstream.close();
  return await (end === "close" ? client.until("0\r\n\r\n") : client.until(end));
}

Deno.test("proxy() passes answers on, framed anew", async (t) => {
  const same = [
    ["a body with a length", OK, "ok"],
    ["a body in chunks", chunked("2\r\nok\r\n0\r\n\r\n"), "0\r\n\r\n"],
    ["trailers", chunked("2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n"), "X-Sum: 1\r\n\r\n"],
    ["no content", "HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n", "\r\n\r\n"],
    ["not modified", "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n", "\r\n\r\n"],
    ["a reason of its own", "HTTP/1.1 299 As \u00fc like\r\nContent-Length: 0\r\n\r\n", "\r\n\r\n"],
  ] as const;
  for (const [what, answer, end] of same) {
    await t.step(what, async () => assert.equal(await answered(answer, end), answer));
  }
  await t.step("a body up to the end becomes chunks", async () => {
    const answer = "HTTP/1.1 200 OK\r\nX-A: b\r\n\r\nok";
    const expected = chunked("2\r\nok\r\n0\r\n\r\n").replace("Transfer", "X-A: b\r\nTransfer");
    assert.equal(await answered(answer, "close"), expected);
  });
  await t.step("a length is told to HEAD, and no body", async () => {
    const answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
    assert.equal(await answered(answer, "\r\n\r\n", GET.replace("GET", "HEAD")), answer);
  });
  await t.step("interim answers go before the final one", async () => {
    const answer = `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${OK}`;
    assert.equal(await answered(answer, "ok"), answer);
  });
  await t.step("what belongs to the upstream's connection stays there", async () => {
    const answer = OK.replace(
      "Content",
      "Connection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nContent",
    );
    assert.equal(await answered(answer, "ok"), OK);
  });
  await t.step("HTTP/1.0 gets neither chunks nor interim answers", async () => {
    const request = GET.replace("1.1", "1.0");
    const interim = "HTTP/1.1 103 Early Hints\r\n\r\n";
    const answer = interim + chunked("1\r\no\r\n1\r\nk\r\n0\r\n\r\n");
    const expected = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok";
    assert.equal(await answered(answer, expected, request), expected);
  });
});

const chunked = (body: string) => `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${body}`;

Deno.test("proxy() says 502 for answers that could be read in two ways", async () => {
  const answers = [
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 200 OK\r\nSet-Cookie : a\r\n\r\n",
    "HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n",
    "HTTP/2.0 200 OK\r\n\r\n",
    "HTTP/1.1 20 OK\r\n\r\n",
    "HTTP/1.1 600 OK\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    "SSH-2.0-OpenSSH\r\n\r\n",
    "HTTP/1.1 100 Continue\r\n\r\n".repeat(40),
    `HTTP/1.1 200 OK\r\nX: ${"a".repeat(INGRESS.headMaxBytes)}\r\n\r\n`,
  ];
  for (const answer of answers) {
    const got = await answered(answer, "502 Bad Gateway\n");
    assert.match(got, /^(HTTP\/1.1 100 Continue\r\n\r\n)*HTTP\/1.1 502 Bad Gateway\r\n/, answer);
  }
});

Deno.test("proxy() breaks off what its upstream breaks off", async () => {
  for (const answer of ["HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", chunked("9\r\nok")]) {
    const fixture = new IngressFixture();
    const client = fixture.client();
    await client.send(GET);
    const upstream = await fixture.upstream();
    await upstream.until(GOT);
    await upstream.send(answer);
    upstream.close();
    const got = await client.rest();
    assert.ok(got.includes("ok") && !got.endsWith("0\r\n\r\n"), got);
    assert.equal(fixture.open.size, 0);
  }
});

Deno.test("proxy() uses a connection again, and drops it when something comes unasked", async () => {
  const fixture = new IngressFixture();
  const client = fixture.client();
  for (let i = 0; i < 3; i++) {
    await client.send(GET);
    const upstream = await fixture.upstream();
    assert.equal(await upstream.until(GOT), GOT);
    await upstream.send(OK);
    assert.equal(await client.until("ok"), OK);
  }
  assert.equal(fixture.upstreams.length, 1);
  const [upstream] = fixture.upstreams;
  await upstream?.send("HTTP/1.1 408 Request Timeout\r\n\r\n");
  await upstream?.rest();
  assert.equal(fixture.pool.idle, 0);
  await client.send(GET);
  const next = await fixture.upstream(1);
  await next.until(GOT);
  await next.send(OK);
  assert.equal(await client.until("ok"), OK);
});

/** A client whose upstream keeps a connection, and closes it when the next request comes. */
async function keptAndClosed(request: string) {
  const fixture = new IngressFixture();
  const client = fixture.client();
  await client.send(GET);
  const upstream = await fixture.upstream();
  await upstream.until(GOT);
  await upstream.send(OK);
  await client.until("ok");
  await client.send(request);
  await upstream.until(request.endsWith("a") ? "a" : "\r\n\r\n");
  upstream.close();
  return { fixture, client };
}

Deno.test("proxy() repeats a request on a new connection when the kept one was closed", async () => {
  const { fixture, client } = await keptAndClosed(GET);
  const fresh = await fixture.upstream(1);
  assert.equal(await fresh.until(GOT), GOT);
  // Once, and not again.
  fresh.close();
  assert.match(await client.until("Gateway\n"), /^HTTP\/1.1 502 /);
  assert.equal(fixture.upstreams.length, 2);
});

Deno.test("proxy() repeats nothing that may have had an effect, or has a body", async () => {
  const requests = [
    GET.replace("GET", "POST"),
    GET.replace("GET", "PATCH"),
    "PUT / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 1\r\n\r\na",
  ];
  for (const request of requests) {
    const { fixture, client } = await keptAndClosed(request);
    assert.match(await client.until("Gateway\n"), /^HTTP\/1.1 502 /);
    assert.equal(fixture.upstreams.length, 1);
    assert.match(metricsOf(fixture), /failures_total\{host="app.test",problem="broken"\} 1/);
  }
});

const metricsOf = ({ metrics }: IngressFixture): string =>
  metrics.families.map((family) => family.text()).join("");

Deno.test("proxy() says 502 for an upstream that refuses, 504 for one that is silent", async () => {
  const fixture = new IngressFixture();
  const client = fixture.client();
  fixture.connectErrors.push(new Deno.errors.ConnectionRefused("refused"));
  await client.send(GET);
  assert.match(await client.until("Gateway\n"), /^HTTP\/1.1 502 Bad Gateway\r\n/);

  fixture.isUnreachable = true;
  await client.send(GET);
  await fixture.connecting();
  fixture.pass(INGRESS.connectTimeoutMs);
  assert.match(await client.until("Timeout\n"), /^HTTP\/1.1 504 Gateway Timeout\r\n/);

  fixture.isUnreachable = false;
  await client.send(GET);
  const upstream = await fixture.upstream();
  await upstream.until(GOT);
  fixture.pass(INGRESS.answerTimeoutMs);
  assert.match(await client.until("Timeout\n"), /^HTTP\/1.1 504 Gateway Timeout\r\n/);
  assert.equal(await upstream.rest(), "");
  for (const problem of ["connect", "connect_timeout", "answer_timeout"]) {
    assert.ok(metricsOf(fixture).includes(`{host="app.test",problem="${problem}"} 1\n`), problem);
  }
});

Deno.test("proxy() tells its upstream when the client leaves before it has its answer", async () => {
  const fixture = new IngressFixture();
  const client = fixture.client();
  await client.send(GET);
  const upstream = await fixture.upstream();
  await upstream.until(GOT);
  client.close();
  assert.equal(await upstream.rest(), "");
  await turn();
  assert.ok(metricsOf(fixture).includes('requests_total{code="none",host="app.test"} 1'));
});

Deno.test("proxy() passes a body on while it comes, and an answer before its end", async () => {
  const fixture = new IngressFixture();
  const client = fixture.client();
  const fields = "Host: app.test\r\nExpect: 100-continue\r\nContent-Length: 6\r\n";
  await client.send(`POST / HTTP/1.1\r\n${fields}\r\n`);
  const upstream = await fixture.upstream();
  assert.match(await upstream.until("\r\n\r\n"), /\r\nExpect: 100-continue\r\n/);
  await upstream.send("HTTP/1.1 100 Continue\r\n\r\n");
  assert.equal(await client.until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  await client.send("abc");
  assert.equal(await upstream.until("abc"), "abc");
  await upstream.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
  const answer = "HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
  assert.equal(await client.rest(), answer);
});

Deno.test("proxy() joins both sides after an upgrade, whatever they say then", async () => {
  const fixture = new IngressFixture();
  const client = fixture.client();
  const upgrade = "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n";
  const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
  await client.send(`GET /ws HTTP/1.1\r\nHost: app.test\r\n${upgrade}${key}\r\n`);
  const upstream = await fixture.upstream();
  const upgraded = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
  assert.equal(
    await upstream.until("\r\n\r\n"),
    `GET /ws HTTP/1.1\r\nHost: app.test\r\n${key}${ORIGIN}${upgraded}\r\n`,
  );
  const switching = `HTTP/1.1 101 Switching Protocols\r\n${upgraded}\r\n`;
  await upstream.send(`${switching}early`);
  assert.equal(await client.until("early"), `${switching}early`);
  await client.send("GET / HTTP/1.1\r\n\r\n\x81\x00");
  assert.equal(await upstream.until("\x00"), "GET / HTTP/1.1\r\n\r\n\x81\x00");
  // Hours of silence are fine.
  fixture.pass(INGRESS.streamIdleMs / 2);
  await upstream.send("late");
  assert.equal(await client.until("late"), "late");
  await upstream.closeWrite();
  assert.equal(await client.rest(), "");
  await client.send("rest");
  client.close();
  assert.equal(await upstream.rest(), "rest");
});

Deno.test("the ingress says who logged in, and answers for a gate that lets nobody in", async () => {
  const gate = {
    admit: (request: Request, host: string) =>
      Promise.resolve(
        request.headers.get("cookie") === "s=1; own=2"
          ? {
            kind: "admitted",
            user: "ada",
            groups: ["admins", "users"],
            cookie: "own=2",
            setCookie: "s=2",
          } as const
          : {
            kind: "answer",
            response: Response.redirect(`https://login.test/?rd=${host}`),
          } as const,
      ),
  };
  const fixture = new IngressFixture({ routes: [{ ...APP, gate }] });
  const client = fixture.client("app.test");
  await client.send(GET.replace("\r\n\r\n", "\r\nRemote-User: eve\r\n\r\n"));
  assert.match(await client.until("\r\n\r\n"), /^HTTP\/1.1 302 Found\r\nlocation: https:\/\/login/);
  assert.equal(fixture.upstreams.length, 0);
  await client.send(GET.replace("\r\n\r\n", "\r\nCookie: s=1; own=2\r\n\r\n"));
  const upstream = await fixture.upstream();
  const got = await upstream.until("\r\n\r\n");
  assert.equal(
    got,
    `GET / HTTP/1.1\r\nHost: app.test\r\nCookie: own=2\r\n${ORIGIN}` +
      "Remote-User: ada\r\nRemote-Groups: admins,users\r\n\r\n",
  );
  await upstream.send(OK);
  assert.equal(
    await client.until("ok"),
    OK.replace("Content-L", "Content-L").replace(
      "Content-Length",
      "Set-Cookie: s=2\r\nContent-Length",
    ),
  );
});

Deno.test("the ingress serves sites as they answer", async () => {
  const site: IngressRoute = {
    host: "site.test",
    gate: null,
    target: {
      kind: "site",
      serve: ({ url, method }) => {
        if (url.endsWith("/short")) return answer("ok", { "Content-Length": "3" });
        if (url.endsWith("/stream")) return answer(new Blob(["ok"]).stream());
        return answer(method === "HEAD" ? null : "ok", { "Content-Length": "2" });
      },
    },
  };
  const answer = (body: BodyInit | null, headers: Record<string, string> = {}) =>
    Promise.resolve(new Response(body, { headers: { "content-type": "text/x", ...headers } }));
  const fixture = new IngressFixture({ routes: [site] });
  const client = fixture.client("site.test");
  const ask = async (method: string, path: string, end: string) => {
    await client.send(`${method} ${path} HTTP/1.1\r\nHost: site.test\r\n\r\n`);
    return await client.until(end);
  };
  const head = "HTTP/1.1 200 OK\r\ncontent-type: text/x\r\n";
  assert.equal(await ask("GET", "/", "ok"), `${head}Content-Length: 2\r\n\r\nok`);
  assert.equal(await ask("HEAD", "/", "\r\n\r\n"), `${head}Content-Length: 2\r\n\r\n`);
  assert.equal(
    await ask("GET", "/stream", "0\r\n\r\n"),
    `${head}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
  );
  // A body that is not what was said ends the connection.
  assert.equal(await ask("GET", "/short", "never"), `${head}Content-Length: 3\r\n\r\nok`);
});

Deno.test("the ingress answers 421 where the name of the certificate is not that of the request", async () => {
  const other: IngressRoute = { ...APP, host: "other.test" };
  const fixture = new IngressFixture({ routes: [APP, other] });
  const client = fixture.client("other.test");
  await client.send(GET);
  assert.match(await client.until("Request\n"), /^HTTP\/1.1 421 Misdirected Request\r\n/);
  assert.equal(fixture.upstreams.length, 0);
});
