/** The corpus in `testdata/smuggling.json`, against an upstream that records what it gets. */

import assert from "node:assert/strict";
import { IngressFixture, ORIGIN } from "../../../tests/kit/ingress_fixture.ts";
import { seeded } from "../../../tests/kit/seeded.ts";
import type { Cut } from "../../../tests/kit/transports.ts";

interface Entry {
  readonly name: string;
  /** A character for each byte. */
  readonly send: string;
  /** The status it is refused with; nothing of it reaches an upstream. */
  readonly refused?: number;
  /** What the upstream gets, request by request; `{origin}` is what the ingress adds. */
  readonly forwarded?: readonly string[];
  /** The head is good, the body is not: its end never reaches the upstream. */
  readonly broken?: boolean;
}

const CORPUS: readonly Entry[] = JSON.parse(
  await Deno.readTextFile(new URL("./testdata/smuggling.json", import.meta.url)),
);

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

async function check(entry: Entry, cut?: Cut): Promise<void> {
  const fixture = new IngressFixture(cut === undefined ? {} : { cut });
  const client = fixture.client();
  if (entry.forwarded !== undefined) {
    await checkForwarded(entry.forwarded, { fixture, client, entry });
  } else await checkRefused(entry, fixture, client);
  client.close();
}

async function checkForwarded(
  requests: readonly string[],
  { fixture, client, entry }: {
    readonly fixture: IngressFixture;
    readonly client: ReturnType<IngressFixture["client"]>;
    readonly entry: Entry;
  },
): Promise<void> {
  const sending = client.send(entry.send);
  const upstream = await fixture.upstream();
  for (const request of requests) {
    const expected = request.replace("{origin}", ORIGIN);
    const got = await upstream.until(lastPart(expected));
    assert.equal(inOneChunk(got), expected);
    await upstream.send(OK);
    assert.equal(await client.until(OK), OK);
  }
  await sending;
  assert.equal(fixture.upstreams.length, 1);
}

/** What a request ends with, whatever chunks it comes in. */
const lastPart = (request: string): string =>
  isChunked(request) ? request.slice(request.indexOf("\r\n0\r\n")) : request;

const isChunked = (request: string): boolean => request.includes("\r\nTransfer-Encoding: chunked");

/** The same request with its chunks put together: where they are cut is nobody's promise. */
function inOneChunk(request: string): string {
  if (!isChunked(request)) return request;
  const bodyAt = request.indexOf("\r\n\r\n") + 4;
  const endAt = request.indexOf("\r\n0\r\n", bodyAt);
  let data = "";
  for (let at = bodyAt; at < endAt;) {
    const lineEnd = request.indexOf("\r\n", at);
    const size = parseInt(request.slice(at, lineEnd), 16);
    data += request.slice(lineEnd + 2, lineEnd + 2 + size);
    at = lineEnd + 2 + size + 2;
  }
  const head = request.slice(0, bodyAt);
  return `${head}${data.length.toString(16)}\r\n${data}${request.slice(endAt)}`;
}

async function checkRefused(
  { send, refused = 400, broken = false }: Entry,
  fixture: IngressFixture,
  client: ReturnType<IngressFixture["client"]>,
): Promise<void> {
  // What follows a refusal is not read for long.
  await client.send(send).catch(() => undefined);
  // Whoever waits for more to come than ever will hears of it in the end.
  void client.closeWrite();
  const answer = await client.rest();
  assert.match(answer, new RegExp(`^HTTP/1\\.1 ${refused} `), "the only answer");
  assert.equal(answer.match(/HTTP\/1\.1 /g)?.length, 1, "the only answer");
  if (refused !== 421) assert.match(answer, /\r\nConnection: close\r\n/);
  if (!broken) return assert.equal(fixture.upstreams.length, 0);
  const upstream = await fixture.upstream();
  const got = await upstream.rest();
  assert.doesNotMatch(got, /\r\n0\r\n/, "no end of the body");
}

Deno.test("the ingress refuses what is ambiguous, and forwards the rest in one way", async (t) => {
  assert.ok(CORPUS.length > 130);
  for (const entry of CORPUS) await t.step(entry.name, () => check(entry));
});

Deno.test("the ingress judges a request alike, however it is cut into packets", async () => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  const random = seeded(seed);
  for (const entry of CORPUS) {
    // A few bytes at a time mostly, and sometimes one by one.
    const most = random() < 0.3 ? 1 : 1 + Math.floor(random() * 40);
    const cut = () => 1 + Math.floor(random() * most);
    await check(entry, cut).catch((cause) => {
      throw new Error(`${entry.name}, seed ${seed}, cuts up to ${most}`, { cause });
    });
  }
});
