import assert from "node:assert/strict";
import { overlay, type Press, shortcuts, type Surroundings } from "./shortcuts.ts";

const BARE: Press = { key: "", ctrlKey: false, metaKey: false, altKey: false };
const HERE: Surroundings = { me: { role: "superadmin" }, path: "/clients", taken: false, nowMs: 0 };

function reader() {
  const done: string[] = [];
  const press = shortcuts({
    toggleSidebar: () => void done.push("sidebar"),
    go: (path) => void done.push(path),
    search: () => HERE.path === "/clients",
  });
  overlay.value = null;
  return { done, press };
}

Deno.test("shortcuts() goes where the second key of a pair says, in time and with the role for it", () => {
  const { done, press } = reader();
  assert.equal(press({ ...BARE, key: "g" }, HERE), true);
  assert.equal(press({ ...BARE, key: "a" }, { ...HERE, nowMs: 1_000 }), true);
  assert.deepEqual(done, ["/audit"]);
  press({ ...BARE, key: "g" }, { ...HERE, nowMs: 2_000 });
  assert.equal(press({ ...BARE, key: "r" }, { ...HERE, nowMs: 9_000 }), false);
  press({ ...BARE, key: "g" }, { ...HERE, nowMs: 10_000 });
  const tenant = { ...HERE, me: { role: "user" as const }, nowMs: 10_100 };
  assert.equal(press({ ...BARE, key: "a" }, tenant), false);
  assert.deepEqual(done, ["/audit"]);
});

Deno.test("shortcuts() leaves keys to fields and dialogs, but not those with Ctrl or Cmd", () => {
  const { done, press } = reader();
  const taken = { ...HERE, taken: true };
  for (const key of ["/", "?", "n", "g"]) assert.equal(press({ ...BARE, key }, taken), false, key);
  assert.equal(press({ ...BARE, key: "k", metaKey: true }, taken), true);
  assert.equal(overlay.value, "palette");
  assert.equal(press({ ...BARE, key: "b", ctrlKey: true }, taken), true);
  assert.equal(press({ ...BARE, key: "c", ctrlKey: true }, HERE), false);
  assert.deepEqual(done, ["sidebar"]);
});

Deno.test("shortcuts() makes what the page lists", () => {
  const { done, press } = reader();
  for (const path of ["/users/ada", "/clients", "/rules", "/"]) {
    press({ ...BARE, key: "n" }, { ...HERE, path });
  }
  press({ ...BARE, key: "n" }, { ...HERE, me: { role: "user" } });
  assert.deepEqual(done, ["/users/new", "/clients/new", "/rules/new", "/rules/new", "/rules/new"]);
  press({ ...BARE, key: "?" }, HERE);
  assert.equal(overlay.value, "shortcuts");
});
