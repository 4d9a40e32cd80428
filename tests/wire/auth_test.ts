import assert from "node:assert/strict";
import { PortunusError } from "../../src/core/errors.ts";
import { hello, open, readAll, startServer, welcome, wireError } from "./harness.ts";
import { RawConnection } from "./raw_http2.ts";

const CHANNEL = "/portunus.v1.Control/Channel";

const HEADERS: readonly [authorization: string | null, message: string][] = [
  [null, "missing_token"],
  ["", "malformed_token"],
  ["Bearer", "malformed_token"],
  ["bearer abc", "malformed_token"],
  ["Basic abc", "malformed_token"],
  ["Bearer caf\u00e9", "malformed_token"],
  ["Bearer a\tb", "malformed_token"],
  [`Bearer ${"t".repeat(257)}`, "malformed_token"],
];

for (const [authorization, message] of HEADERS) {
  const shown = authorization === null ? "no header" : JSON.stringify(authorization.slice(0, 16));
  Deno.test(`a session with ${shown} is refused as ${message} before any message`, async () => {
    await using server = startServer({
      session: () => assert.fail("there is no session without a token"),
    });
    await using connection = new RawConnection(server.port);
    const answer = await connection.call(CHANNEL, {
      headers: authorization === null ? {} : { authorization },
    });
    assert.equal(answer.headers[":status"], 200);
    assert.equal(answer.headers["grpc-status"], "16");
    assert.equal(answer.headers["grpc-message"], message);
    assert.equal(answer.trailers, null, "the answer is one block of headers");
    assert.equal(answer.body.length, 0);
    assert.deepEqual(server.authFailures, [message]);
    assert.deepEqual(server.tokens, []);
    const [logged, ...more] = server.events;
    assert.deepEqual(more, []);
    assert.equal(logged?.event, "auth.failure");
    assert.equal(logged?.fields.reason, message);
    assert.match(String(logged?.fields.remote_addr), /^127\.0\.0\.1:\d+$/);
  });
}

Deno.test("a refused session is answered although the client sends nothing more", async () => {
  await using server = startServer();
  await using connection = new RawConnection(server.port);
  const stream = connection.begin(CHANNEL);
  const headers = await new Promise<Record<string, unknown>>((resolve) => {
    stream.on("response", resolve);
    stream.on("error", () => {});
  });
  assert.equal(headers["grpc-message"], "missing_token");
});

Deno.test("tokens of up to 256 characters are looked up, without the blanks before them", async () => {
  await using server = startServer();
  const longest = "t".repeat(256);
  for (const bearer of [longest, " good"]) {
    const stream = await open(server, { bearer });
    stream.close();
    assert.deepEqual(await readAll(stream), []);
  }
  assert.deepEqual(server.tokens, [longest, "good"]);
  assert.deepEqual(server.authFailures, []);
});

const REFUSALS: readonly [what: string, error: Error, message: string, reason: string][] = [
  ["an unknown token", new PortunusError("token_not_found"), "token_not_found", "token_not_found"],
  ["a revoked token", new PortunusError("token_revoked"), "token_revoked", "token_revoked"],
  [
    "a token it cannot check",
    new PortunusError("token_verify_error"),
    "token_verify_error",
    "internal_error",
  ],
  ["a broken store", new PortunusError("store_error", "x"), "token_verify_error", "internal_error"],
  ["a defect", new TypeError("x"), "token_verify_error", "internal_error"],
];

for (const [what, error, message, reason] of REFUSALS) {
  Deno.test(`the server answers ${message} to ${what}`, async () => {
    await using server = startServer({ authenticate: () => Promise.reject(error) });
    const stream = await open(server);
    const expected = message === "token_revoked"
      ? wireError("token_revoked", "token_revoked", true)
      : wireError("auth", `auth: ${message}`, true);
    await assert.rejects(readAll(stream), expected);
    await assert.rejects(stream.headers, expected);
    assert.deepEqual(server.authFailures, [reason]);
    assert.equal(server.events[0]?.fields.reason, reason);
  });
}

Deno.test("a token never shows in the log or on stderr", async () => {
  const printed: unknown[] = [];
  const { error } = console;
  // deno-lint-ignore no-console -- this is where grpc-js would print
  console.error = (...line: unknown[]) => printed.push(...line);
  try {
    await using server = startServer({
      authenticate: () => Promise.reject(new PortunusError("token_not_found")),
    });
    const stream = await open(server, { bearer: "sesame" });
    await assert.rejects(readAll(stream));
    await using connection = new RawConnection(server.port);
    await connection.call(CHANNEL, {
      headers: { authorization: "Bearer s\u00e9same", "x-note": "s\u00e9same" },
    });
    assert.deepEqual(server.authFailures, ["token_not_found", "malformed_token"]);
    assert.doesNotMatch(JSON.stringify(server.events), /same/);
    assert.deepEqual(printed, [], "stderr carries log lines only");
  } finally {
    // deno-lint-ignore no-console -- as it was
    console.error = error;
  }
});

Deno.test("a token that cannot be a header is refused without dialling", async () => {
  const nobody = { endpoint: "127.0.0.1:1", pin: "00".repeat(32) };
  for (const bearer of ["a\nb", "caf\u00e9"]) {
    await assert.rejects(
      open(nobody, { bearer }),
      wireError("auth", "auth: malformed_token", true),
    );
  }
});

Deno.test("UNAUTHENTICATED on an established stream is a plain disconnect", async () => {
  await using server = startServer({
    async session(_identity, stream) {
      for await (const message of stream.incoming) {
        assert.equal(message.payload.case, "hello");
        await stream.send(welcome());
        throw new PortunusError("token_revoked");
      }
    },
  });
  const stream = await open(server);
  await stream.send(hello());
  await assert.rejects(
    readAll(stream),
    wireError("transport", "transport: Unauthenticated: token_revoked"),
  );
});
