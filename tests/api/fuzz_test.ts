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
/** After so many that may have changed something the server is a new one, with everything in it. */
const CHANGES_PER_WORLD = 5;

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
async function send(
  api: ApiFixture,
  method: string,
  { target, options }: Generated,
): Promise<{ readonly hasChanged: boolean }> {
  const { status, text } = await api.request(method, target, options);
  const about = `${method} ${target} ${options.body ?? ""} → ${status} ${text}`;
  assert.ok(status < 500 || status === 504, about);
  assert.doesNotMatch(text, /\n\s+at |\.ts:\d|node:|SQLITE|TypeError|RangeError/, about);
  return { hasChanged: method !== "GET" && (status < 400 || status >= 500) };
}

/** A server that is made anew once it was changed. Making one costs a hundred requests. */
class Worlds implements Disposable {
  #api: ApiFixture | null = null;
  #changes = 0;

  /** @param most changes that may have been made to it */
  async get(most: number): Promise<ApiFixture> {
    if (this.#changes > most) this[Symbol.dispose]();
    return this.#api ??= await world();
  }

  changed(): void {
    this.#changes++;
  }

  [Symbol.dispose](): void {
    this.#api?.[Symbol.dispose]();
    this.#api = null;
    this.#changes = 0;
  }
}

Deno.test(`no request makes the API fail [FUZZ_SEED=${seed}]`, async (t) => {
  using worlds = new Worlds();
  const { operations } = (await worlds.get(0)).api;
  for (const registered of operations.filter(({ path }) => !path.endsWith("/stream"))) {
    const { method, path } = registered;
    await t.step(`${method} ${path}`, async () => {
      await worlds.get(0);
      await fc.assert(
        fc.asyncProperty(requests(registered), async (request) => {
          const { hasChanged } = await send(await worlds.get(CHANGES_PER_WORLD), method, request);
          if (hasChanged) worlds.changed();
        }),
        { seed, numRuns: RUNS, timeout: 20_000 },
      );
    });
  }
});
