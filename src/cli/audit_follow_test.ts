import assert from "node:assert/strict";
import { FakeApi } from "../../tests/kit/fake_api.ts";
import { FakeClock } from "../../tests/kit/fake_clock.ts";
import { FakeIo } from "../../tests/kit/fake_io.ts";
import { type AuditFollowFlags, follow } from "./audit_follow.ts";
import type { CommandError } from "./command_error.ts";

const entry = (second: number, path: string) => ({
  timestamp: `2026-05-07T10:00:${String(second).padStart(2, "0")}Z`,
  actor: "alice",
  method: "POST",
  path,
  outcome: "allow",
});

/** Follows a trail that is answered page by page; returns what was printed and asked for. */
async function followed(
  pages: readonly unknown[],
  flags: Partial<AuditFollowFlags> = {},
): Promise<{ lines: string[]; queries: string[] }> {
  await using api = new FakeApi();
  const clock = new FakeClock();
  const io = new FakeIo({ PORTUNUS_OPERATOR_TOKEN: "sesame" });
  const controller = new AbortController();
  const left = [...pages];
  api.answer = () => {
    const page = left.shift();
    if (left.length === 0) controller.abort();
    return Response.json(page);
  };
  const done = follow(
    { httpEndpoint: api.endpoint, format: "json", ...flags },
    io,
    { clock, signal: controller.signal },
  );
  while (!controller.signal.aborted) {
    await Promise.race([clock.armed(), done]);
    if (clock.pending > 0) clock.advance(1_000);
  }
  await done;
  const lines = io.stdout.map((line) => line.startsWith("{") ? JSON.parse(line).path : line);
  return { lines, queries: api.seen.map(({ target }) => decodeURIComponent(target)) };
}

const page = (entries: readonly unknown[], next_cursor?: string) => ({
  entries,
  count: entries.length,
  ...(next_cursor === undefined ? {} : { next_cursor }),
});

Deno.test("follow() shows the last entries, then what is new, oldest first", async () => {
  const [a, b, c, d] = [entry(1, "/a"), entry(5, "/b"), entry(6, "/c"), entry(7, "/d")];
  const { lines, queries } = await followed([[b, a], page([b]), page([d, c, b]), page([d])]);
  assert.deepEqual(lines, ["/a", "/b", "/c", "/d"]);
  assert.deepEqual(queries, [
    "/v1/audit?limit=10",
    "/v1/audit?limit=1000&since=2026-05-07T10:00:03Z",
    "/v1/audit?limit=1000&since=2026-05-07T10:00:03Z",
    "/v1/audit?limit=1000&since=2026-05-07T10:00:05Z",
  ]);
});

Deno.test("follow() tells entries that look the same, and takes those that come late", async () => {
  const [same, late] = [entry(5, "/same"), entry(4, "/late")];
  const { lines } = await followed([[same], page([same, same, late]), page([same, same, late])]);
  assert.deepEqual(lines, ["/same", "/late", "/same"]);
});

Deno.test("follow() reads all pages of a busy second", async () => {
  const { lines, queries } = await followed(
    [page([entry(3, "/c"), entry(2, "/b")], "next"), page([entry(1, "/a")])],
    { since: "2026-05-07T10:00:00Z", outcome: "deny" },
  );
  assert.deepEqual(lines, ["/a", "/b", "/c"]);
  assert.deepEqual(queries, [
    "/v1/audit?limit=1000&outcome=deny&since=2026-05-07T10:00:00Z",
    "/v1/audit?limit=1000&outcome=deny&since=2026-05-07T10:00:00Z&cursor=next",
  ]);
});

Deno.test("follow() prints a table with its head once", async () => {
  const { lines } = await followed([[entry(1, "/a")], page([entry(2, "/b"), entry(1, "/a")])], {
    format: "text",
  });
  assert.equal(lines.length, 3);
  assert.match(lines[0] ?? "", /^TIMESTAMP +ACTOR/);
  assert.match(lines[2] ?? "", /^2026-05-07T10:00:02Z +alice +allow +POST +\/b +-$/);
});

/** An answer that ends in the middle. */
function cutOff(): Response {
  let pulls = 0;
  return new Response(
    new ReadableStream({
      pull(controller) {
        if (pulls++ === 0) controller.enqueue(new TextEncoder().encode("["));
        else controller.error(new Error("cut off"));
      },
    }),
  );
}

Deno.test("follow() goes on after a server that was away, but not after one that refuses", async () => {
  await using api = new FakeApi();
  const clock = new FakeClock();
  const io = new FakeIo({ PORTUNUS_OPERATOR_TOKEN: "sesame" });
  const answers = [
    () => Response.json([entry(1, "/a")]),
    cutOff,
    cutOff,
    () => Response.json(page([entry(2, "/b"), entry(1, "/a")])),
    () => Response.json({ error: { code: "role_required", message: "no" } }, { status: 403 }),
  ];
  api.answer = () => answers.shift()?.() ?? assert.fail("asked again");
  const flags = { httpEndpoint: api.endpoint, format: "json" } as const;
  let error: CommandError | undefined;
  const done = follow(flags, io, { clock, signal: new AbortController().signal })
    .catch((caught) => error = caught);
  while (error === undefined) {
    await Promise.race([clock.armed(), done]);
    if (clock.pending > 0) clock.advance(1_000);
  }
  assert.deepEqual([error.message, error.exit], ["error: role_required (no)", 5]);
  assert.deepEqual(io.stdout.map((line) => JSON.parse(line).path), ["/a", "/b"]);
  assert.equal(io.stderr.length, 1);
  assert.match(io.stderr[0] ?? "", /^error: http: .*; trying again$/);
});
