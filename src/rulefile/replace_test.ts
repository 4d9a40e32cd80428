import assert from "node:assert/strict";
import { NotReplaced, replaceRule, type RuleCalls } from "./replace.ts";

const before = { client: "edge-01", listen_port: 80, target_host: "a", target_port: 1 };
const RUNNING = {
  id: 8,
  client_name: "edge-01",
  protocol: "tcp",
  listen_port: 80,
  sni_pattern: "a.example",
  state: { kind: "active" },
};
const FAILED = { ...RUNNING, id: 6, sni_pattern: undefined, state: { kind: "failed" } };
const after = { ...before, target_host: "b" };

/**
 * Calls that are noted; pushes of hosts in `refused` fail, and leave a failed rule 9 behind. Rule 6
 * has failed before.
 */
function calls(...refused: string[]): RuleCalls<typeof before> & { readonly log: string[] } {
  const log: string[] = [];
  return {
    log,
    push: ({ target_host }) => {
      log.push(`push ${target_host}`);
      return refused.includes(`${target_host}`)
        ? Promise.reject(new Error(`no ${target_host}`))
        : Promise.resolve(BigInt(log.length));
    },
    remove: (id) => Promise.resolve(void log.push(`remove ${id}`)),
    list: () =>
      Promise.resolve([RUNNING, FAILED, ...(log.length < 2 ? [] : [{ ...FAILED, id: 9 }])]),
  };
}

Deno.test("replaceRule() removes, then pushes", async () => {
  const api = calls();
  assert.equal(await replaceRule(api, { id: 7n, before, after }), 2n);
  assert.deepEqual(api.log, ["remove 7", "push b"]);
});

Deno.test("replaceRule() brings the old rule back when the new one is refused", async () => {
  const api = calls("b");
  await assert.rejects(replaceRule(api, { id: 7n, before, after }), (error) => {
    assert.ok(error instanceof NotReplaced);
    assert.match(String(error.cause), /no b/);
    assert.deepEqual(error.restored, { id: 4n });
    return true;
  });
  assert.deepEqual(api.log, ["remove 7", "push b", "remove 9", "push a"]);
});

Deno.test("replaceRule() says when the old rule does not come back", async () => {
  await assert.rejects(replaceRule(calls("a", "b"), { id: 7n, before, after }), (error) => {
    assert.ok(error instanceof NotReplaced && "failure" in error.restored);
    assert.match(String(error.restored.failure), /no a/);
    return true;
  });
});

Deno.test("replaceRule() changes nothing when the old rule can't be removed", async () => {
  const api = { ...calls(), remove: () => Promise.reject(new Error("not yours")) };
  await assert.rejects(replaceRule(api, { id: 7n, before, after }), /not yours/);
  assert.deepEqual(api.log, []);
});
