import assert from "node:assert/strict";
import { PUBLISH_ACCESS } from "../../core/publish_limits.ts";
import { systemRandom } from "../../system/random.ts";
import { FakeClock } from "../../../tests/kit/fake_clock.ts";
import { OneTimeCodes } from "./one_time_codes.ts";

const grant = (user: string) => ({ host: "a.test", user, version: "v", state: "s", path: "/" });

Deno.test("OneTimeCodes: one user's codes do not cost another theirs", () => {
  const codes = new OneTimeCodes({ clock: new FakeClock(), random: systemRandom });
  const others = codes.issue(grant("bob"));
  const own = Array.from(
    { length: PUBLISH_ACCESS.codesPerUserMax + 1 },
    () => codes.issue(grant("alice")),
  );
  const [first = "", second = ""] = own;
  assert.equal(codes.take(first, "a.test"), undefined, "the oldest went");
  assert.equal(codes.take(second, "a.test")?.user, "alice");
  assert.equal(codes.take(others, "a.test")?.user, "bob");
});

Deno.test("OneTimeCodes: a code counts until its time is over, and is forgotten then", () => {
  const clock = new FakeClock();
  const codes = new OneTimeCodes({ clock, random: systemRandom });
  const [code, late] = [codes.issue(grant("alice")), codes.issue(grant("alice"))];
  clock.advance(PUBLISH_ACCESS.codeTtlSecs * 1_000 - 1);
  assert.deepEqual(codes.take(code, "a.test")?.path, "/");
  clock.advance(1);
  assert.equal(codes.take(late, "a.test"), undefined);
});
