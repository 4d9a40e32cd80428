import assert from "node:assert/strict";
import { SITES } from "../../core/publish_limits.ts";
import { SiteSpace } from "./site_space.ts";

Deno.test("reserve() takes up to the limit, and gives everything back", () => {
  const space = new SiteSpace({ bytes: 40, entries: 1 });
  {
    using first = space.reserve(() => 100);
    using second = space.reserve(() => 100);
    first.take(30);
    second.take(30);
    assert.throws(() => first.take(1), { code: "site_too_large" });
    second[Symbol.dispose]();
    first.take(30);
  }
  using all = space.reserve(() => 100);
  all.take(60);
  assert.deepEqual(space.size, { bytes: 40, entries: 1 });
});

Deno.test("takeFile() bounds how many files and directories there are", () => {
  const space = new SiteSpace({ bytes: 0, entries: SITES.entriesMax - 1 });
  using reservation = space.reserve(() => 100);
  reservation.takeFile();
  assert.throws(() => reservation.takeFile(), { code: "site_too_large" });
});

Deno.test("add() counts what is stored and deleted", () => {
  const space = new SiteSpace({ bytes: 10, entries: 1 });
  space.add({ bytes: 5, entries: 2 });
  space.add({ bytes: -15, entries: -3 });
  assert.deepEqual(space.size, { bytes: 0, entries: 0 });
});
