/**
 * Every operation with generated paths, queries, bodies and headers: whatever comes, the answer is
 * one that the operation declares, soon, and says nothing of the inside.
 *
 * @module
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { RegisteredOperation } from "../../src/api/route.ts";
import type { Json } from "../../src/core/json.ts";
import type { ApiFixture, RequestOptions } from "../kit/api_fixture.ts";
import { bodyText, parameterText } from "./json_arbitrary.ts";
import { examplePath, exampleQuery, world } from "./world.ts";

/** Requests for each operation. */
const RUNS = Number(Deno.env.get("FUZZ_RUNS") ?? 60);
/** After so many the server is a new one: what was deleted is there again. */
const RUNS_PER_WORLD = 10;

const seed = Number(Deno.env.get("FUZZ_SEED") ?? Math.floor(Math.random() * 2 ** 31));

interface Generated {
  readonly target: string;
  readonly options: RequestOptions;
}

function requests({ path, operation: { doc } }: RegisteredOperation): fc.Arbitrary<Generated> {
  const parameters = fc.array(parameterText, { minLength: 4, maxLength: 4 });
  const made = parameters.map((texts) => {
    let i = 0;
    return path.replaceAll(/:(\w+)/g, () => encodeURIComponent(texts[i++] || "x"));
  });
  const names = [...Object.keys(doc.query?.shape ?? {}), "unknown"];
  const query = fc.array(fc.tuple(fc.constantFrom(...names), parameterText), { maxLength: 3 })
    .map((pairs) =>
      pairs.length === 0 ? exampleQuery(doc.query) : `?${new URLSearchParams(pairs)}`
    );
  const target = fc.tuple(
    fc.oneof({ weight: 3, arbitrary: fc.constant(examplePath(path)) }, {
      weight: 1,
      arbitrary: made,
    }),
    query,
  ).map(([pathname, search]) => pathname + search);
  const token = fc.constantFrom("root", "root", "root", "alice", "bob", "unknown");
  const body = doc.body ? bodyText(doc.body, doc.bodyExample as Json) : fc.constant("");
  const mediaType = fc.oneof(
    { weight: 9, arbitrary: fc.constant("application/json") },
    { weight: 1, arbitrary: fc.constantFrom("text/plain", "application/json; charset=x", "") },
  );
  return fc.record({ target, token, body, mediaType }).map((it) => ({
    target: it.target,
    options: {
      token: it.token,
      ...(doc.body && { body: it.body }),
      headers: it.mediaType === "" ? {} : { "Content-Type": it.mediaType },
    },
  }));
}

/** Sends one request. The fixture holds the answer against what the operation declares. */
async function send(api: ApiFixture, method: string, { target, options }: Generated) {
  const answer = await api.request(method, target, options);
  const about = `${method} ${target} ${options.body ?? ""} → ${answer.status} ${answer.text}`;
  assert.ok(answer.status < 500 || answer.status === 504, about);
  assert.doesNotMatch(answer.text, /\n\s+at |\.ts:\d|node:|SQLITE|TypeError|RangeError/, about);
}

Deno.test(`no request makes the API fail [FUZZ_SEED=${seed}]`, async (t) => {
  using catalogue = await world();
  const operations = catalogue.api.operations.filter(({ path }) => !path.endsWith("/stream"));
  for (const registered of operations) {
    const { method, path } = registered;
    await t.step(`${method} ${path}`, async () => {
      let api = await world();
      let sent = 0;
      try {
        await fc.assert(
          fc.asyncProperty(requests(registered), async (request) => {
            if (++sent % RUNS_PER_WORLD === 0) {
              api[Symbol.dispose]();
              api = await world();
            }
            await send(api, method, request);
          }),
          { seed, numRuns: RUNS, timeout: 20_000 },
        );
      } finally {
        api[Symbol.dispose]();
      }
    });
  }
});
