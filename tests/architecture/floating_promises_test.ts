import assert from "node:assert/strict";
import { denoEnvironment } from "./deno_environment.ts";
import { type Environment, floatingPromises } from "./floating_promises.ts";
import { typescriptUnder } from "./tree.ts";

const NO_RUNTIME: Environment = { runtimeTypes: "", packagesFrom: null };

/** The lines of `body`, counted from 1, that drop a promise. */
function droppedIn(body: string, environment = NO_RUNTIME): number[] {
  const prelude = "declare function work(): Promise<number>; declare const on: boolean;";
  return floatingPromises([{ path: "src/x.ts", text: `${prelude}\n${body}` }], environment)
    .map((text) => Number(/^src\/x\.ts:(\d+): /.exec(text)?.[1]) - 1);
}

Deno.test("floatingPromises() names each statement that drops a promise", () => {
  const body = [
    "work();",
    "on && work();",
    "on ? work() : 0;",
    "work().then(() => undefined);",
    "[1].map(work);",
    "(async () => { await work(); })();",
    "declare const maybe: { stop(): Promise<void> } | undefined; maybe?.stop();",
    "work(), 1;",
    "declare const like: PromiseLike<void>; like;",
    "class Later extends Promise<void> {} new Later(() => {});",
    "function generic<T extends Promise<void>>(it: T) { it; }",
  ];
  assert.deepEqual(droppedIn(body.join("\n")), body.map((_text, index) => index + 1));
});

Deno.test("floatingPromises() accepts promises that are awaited, returned, kept or voided", () => {
  const body = [
    "export {}; await work();",
    "void work();",
    "const kept = work();",
    "let later: Promise<number> | undefined; later ??= work();",
    "function passed() { return work(); }",
    "[1].forEach(() => void work()); [1].map(() => 1);",
    "on && await work();",
    "declare const thing: { then: number }; thing;",
  ];
  assert.deepEqual(droppedIn(body.join("\n")), []);
});

Deno.test("floatingPromises() follows types across files", () => {
  const found = floatingPromises([
    { path: "src/a.ts", text: `import { stop } from "./b.ts";\nstop();` },
    { path: "src/b.ts", text: "export async function stop() {}" },
  ], NO_RUNTIME);
  assert.equal(found.length, 1);
  assert.match(found[0] ?? "", /^src\/a\.ts:2: a promise is dropped; await it/);
});

Deno.test("nothing in src, tests and scripts drops a promise", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const environment = await denoEnvironment(folder);
    // Shows that the runtime's and the packages' types are there; all would pass without them.
    const canary = `Deno.writeTextFile("x", "");\n` +
      `import * as fc from "fast-check"; fc.assert(fc.asyncProperty(fc.nat(), async () => {}));`;
    assert.deepEqual(droppedIn(canary, environment), [1, 2]);
    const sources = await typescriptUnder("src", "tests", "scripts");
    assert.deepEqual(floatingPromises(sources, environment), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
