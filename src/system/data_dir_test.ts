import assert from "node:assert/strict";
import { resolveDataDir } from "./data_dir.ts";

const all = { STATE_DIRECTORY: "/state", XDG_STATE_HOME: "/xdg", HOME: "/home/me" };

const cases: readonly [flag: string | undefined, env: Record<string, string>, expected: string][] =
  [
    ["/flag", all, "/flag"],
    ["relative", {}, "relative"],
    ["", all, "/state"],
    [undefined, all, "/state"],
    [undefined, { ...all, STATE_DIRECTORY: "" }, "/xdg/portunus"],
    [undefined, { XDG_STATE_HOME: "/xdg", HOME: "/home/me" }, "/xdg/portunus"],
    [undefined, { XDG_STATE_HOME: "", HOME: "/home/me" }, "/home/me/.local/state/portunus"],
    [undefined, { HOME: "/home/me" }, "/home/me/.local/state/portunus"],
    [undefined, { HOME: "" }, "./portunus.state"],
    [undefined, {}, "./portunus.state"],
    // Two entries in a unit's StateDirectory= come as one text; it is used as it stands.
    [undefined, { STATE_DIRECTORY: "/a:/b" }, "/a:/b"],
  ];

for (const [flag, env, expected] of cases) {
  const given = JSON.stringify({ flag, ...env });
  Deno.test(`resolveDataDir() says ${expected} for ${given}`, () => {
    assert.equal(resolveDataDir({ flag, env: (name) => env[name] }), expected);
  });
}
