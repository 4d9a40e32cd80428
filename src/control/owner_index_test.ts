import assert from "node:assert/strict";
import { OwnerIndex } from "./owner_index.ts";

const rule = (clientId: string, ownerId: string) => ({ clientId, ownerId });

Deno.test("OwnerIndex.on() counts the rules of each owner on one client", () => {
  const index = new OwnerIndex();
  const rules = [rule("C1", "alice"), rule("C1", "alice"), rule("C1", "bob"), rule("C2", "bob")];
  for (const it of rules) index.add(it);
  assert.deepEqual([...index.on("C1")], [["alice", 2], ["bob", 1]]);
  index.remove(rule("C1", "alice"));
  index.remove(rule("C1", "bob"));
  assert.deepEqual([...index.on("C1")], [["alice", 1]]);
  index.remove(rule("C1", "alice"));
  assert.equal(index.on("C1").size, 0);
  assert.deepEqual([...index.on("C2")], [["bob", 1]]);
});

Deno.test("OwnerIndex.leavingWith() names owners whose last rule on a client goes", () => {
  const index = new OwnerIndex();
  for (const [client, owner] of [["C1", "a"], ["C1", "a"], ["C1", "b"], ["C2", "a"]] as const) {
    index.add(rule(client, owner));
  }
  assert.deepEqual(index.leavingWith([rule("C1", "a"), rule("C1", "b")]), [rule("C1", "b")]);
  assert.deepEqual(
    index.leavingWith([rule("C1", "a"), rule("C2", "a"), rule("C1", "a")]),
    [rule("C1", "a"), rule("C2", "a")],
  );
  assert.deepEqual(index.leavingWith([]), []);
});
