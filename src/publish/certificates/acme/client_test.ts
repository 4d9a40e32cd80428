import assert from "node:assert/strict";
import { ACME } from "../../../core/publish_limits.ts";
import { AccountKey } from "./account_key.ts";
import { AcmeClient } from "./client.ts";
import { AcmeProblem } from "./problem.ts";
import type { TransportRequest, TransportResponse } from "./transport.ts";

const BASE = "https://ca.example.test";
const signal = new AbortController().signal;
const ORDER = { status: "pending", authorizations: [], finalize: `${BASE}/finalize` };

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An authority that answers signed requests with `answers`, one after the other. */
async function authority(answers: Answer[], directory: unknown = directoryAt(BASE)) {
  const posts: { url: string; nonce: string }[] = [];
  let nonces = 0;
  const respond = ({ method, url }: TransportRequest): Answer => {
    if (url === BASE) return { status: 200, body: directory };
    if (method === "HEAD") return { status: 200, body: "" };
    const answer = answers.shift();
    assert.ok(answer, `nothing to answer to ${method} ${url}`);
    return answer;
  };
  const transport = (request: TransportRequest): Promise<TransportResponse> => {
    const { status, body, headers } = respond(request);
    if (request.body !== undefined) posts.push({ url: request.url, nonce: nonceOf(request.body) });
    const nonce = request.url === BASE ? {} : { "replay-nonce": `nonce-${++nonces}` };
    return Promise.resolve({
      status,
      headers: new Headers({ ...nonce, ...headers }),
      text: typeof body === "string" ? body : JSON.stringify(body),
    });
  };
  const key = await AccountKey.fromPem(await AccountKey.generatePem());
  return { client: new AcmeClient({ directory: BASE, key, transport, now: () => 0 }), posts };
}

function directoryAt(base: string) {
  return { newNonce: `${base}/nonce`, newAccount: `${base}/account`, newOrder: `${base}/new` };
}

function nonceOf(body: string): string {
  const { protected: header } = JSON.parse(body) as { protected: string };
  const bytes = Uint8Array.fromBase64(header, { alphabet: "base64url" });
  return (JSON.parse(new TextDecoder().decode(bytes)) as { nonce: string }).nonce;
}

const badNonce: Answer = {
  status: 400,
  body: { type: "urn:ietf:params:acme:error:badNonce", detail: "no" },
};

Deno.test("order() is sent again with the new nonce when one is refused", async () => {
  const { client, posts } = await authority([badNonce, badNonce, { status: 200, body: ORDER }]);
  const { value } = await client.order(`${BASE}/order/1`, signal);
  assert.equal(value.status, "pending");
  assert.deepEqual(posts.map(({ nonce }) => nonce), ["nonce-1", "nonce-2", "nonce-3"]);
});

Deno.test("order() gives up when every nonce is refused", async () => {
  const { client, posts } = await authority(Array.from({ length: 99 }, () => badNonce));
  await assert.rejects(client.order(`${BASE}/order/1`, signal), { type: "badNonce" });
  assert.equal(posts.length, ACME.nonceAttemptsMax);
});

Deno.test("newOrder() tells how long a rate limit lasts", async () => {
  const limited: Answer = {
    status: 429,
    body: { type: "urn:ietf:params:acme:error:rateLimited", detail: "too many" },
    headers: { "retry-after": "3600" },
  };
  const { client } = await authority([limited]);
  await assert.rejects(client.newOrder("app.example.test", signal), (error: unknown) => {
    assert.ok(error instanceof AcmeProblem);
    assert.equal(error.message, "rateLimited: too many");
    assert.equal(error.retryAfterMs, 3_600_000);
    return true;
  });
});

Deno.test("order() names the status of a failure that is no problem document", async () => {
  const { client } = await authority([{ status: 502, body: "<h1>Bad gateway</h1>" }]);
  await assert.rejects(client.order(`${BASE}/order/1`, signal), { message: "HTTP status 502" });
});

Deno.test("order() refuses an answer of another shape, and URLs that are not https", async () => {
  const { client } = await authority([
    { status: 200, body: { ...ORDER, status: "unheard of" } },
    { status: 200, body: { ...ORDER, finalize: "http://ca.example.test/finalize" } },
  ]);
  await assert.rejects(client.order(`${BASE}/order/1`, signal), /not as expected at status/);
  await assert.rejects(client.order(`${BASE}/order/1`, signal), /not as expected at finalize/);
});

Deno.test("newOrder() fails when the authority does not say where the order is", async () => {
  const { client } = await authority([{ status: 201, body: ORDER }]);
  await assert.rejects(client.newOrder("app.example.test", signal), /does not say where/);
});

Deno.test("directory() refuses one without the resources that are needed", async () => {
  const { client } = await authority([], { newNonce: `${BASE}/nonce` });
  await assert.rejects(client.directory(signal), /not as expected at newAccount/);
});
