import assert from "node:assert/strict";
import { join } from "node:path";
import { FakeClock } from "../../tests/kit/fake_clock.ts";
import { removeLeftovers, removeLeftoversOf } from "./leftovers.ts";

const HOUR_MS = 3_600_000;
const STAGED = ".bundle.json.0123456789abcdef.tmp";

/** A directory with files of the age, in milliseconds, and the clock by which they have it. */
async function directoryWith(ages: Readonly<Record<string, number>>) {
  const path = await Deno.makeTempDir({ prefix: "portunus-leftovers-" });
  const clock = new FakeClock();
  for (const [name, age] of Object.entries(ages)) {
    await Deno.writeTextFile(join(path, name), "half");
    const written = new Date(clock.now() - age);
    await Deno.utime(join(path, name), written, written);
  }
  return {
    path,
    clock,
    names: () => [...Deno.readDirSync(path)].map(({ name }) => name).sort(),
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

Deno.test("removeLeftovers() removes staged files of an hour, and nothing else", async () => {
  const young = ".key.fedcba9876543210.tmp";
  const others = ["bundle.json", ".bundle.json.tmp", ".x.0123456789ABCDEF.tmp", "a.tmp"];
  await using dir = await directoryWith({
    [STAGED]: HOUR_MS,
    [young]: HOUR_MS - 1,
    ...Object.fromEntries(others.map((name) => [name, 2 * HOUR_MS])),
  });
  await Deno.mkdir(join(dir.path, ".dir.0123456789abcdef.tmp"));
  assert.equal(await removeLeftovers(dir.path, { clock: dir.clock }), 1);
  assert.deepEqual(dir.names(), [...others, young, ".dir.0123456789abcdef.tmp"].sort());
});

Deno.test("removeLeftovers() removes directories where they are staged", async () => {
  await using dir = await directoryWith({});
  const staged = join(dir.path, ".trash.0123456789abcdef.tmp");
  await Deno.mkdir(staged);
  await Deno.writeTextFile(join(staged, "x.html"), "half");
  const written = new Date(dir.clock.now() - HOUR_MS);
  await Deno.utime(staged, written, written);
  assert.equal(await removeLeftovers(dir.path, { clock: dir.clock, directories: true }), 1);
  assert.deepEqual(dir.names(), []);
});

Deno.test("removeLeftoversOf() touches only what was made for its files", async () => {
  const foreign = ".other.0123456789abcdef.tmp";
  await using dir = await directoryWith({ [STAGED]: HOUR_MS, [foreign]: HOUR_MS });
  const paths = [join(dir.path, "bundle.json"), join(dir.path, "missing", "bundle.json")];
  assert.equal(await removeLeftoversOf(paths, dir.clock), 1);
  assert.deepEqual(dir.names(), [foreign]);
});
