import assert from "node:assert/strict";
import { HostTable } from "./host_table.ts";

const upstream = { kind: "proxy", upstream: { hostname: "10.0.0.5", port: 20_000 } } as const;
const request = new Request("https://app.test/");

Deno.test("HostTable has what was put last", () => {
  const table = new HostTable();
  assert.equal(table.get("app.test"), undefined);
  table.put("app.test", upstream, null);
  assert.deepEqual(table.get("app.test"), { host: "app.test", target: upstream, gate: null });
  assert.equal(table.policyOf("app.test"), undefined);
  table.put("app.test", upstream, { users: ["alice"] });
  assert.deepEqual(table.policyOf("app.test"), { users: ["alice"] });
  table.delete("app.test");
  assert.equal(table.get("app.test"), undefined);
  assert.equal(table.policyOf("app.test"), undefined);
});

Deno.test("HostTable tells of hosts that are published no more", () => {
  const gone: string[] = [];
  const table = new HostTable((host) => gone.push(host));
  table.delete("app.test");
  table.put("app.test", upstream, null);
  table.put("app.test", upstream, { users: null });
  assert.deepEqual(gone, []);
  table.delete("app.test");
  table.delete("app.test");
  assert.deepEqual(gone, ["app.test"]);
});

Deno.test("HostTable keeps protected hosts closed until there is a login", async () => {
  const table = new HostTable();
  table.put("app.test", upstream, { users: null });
  const gate = table.get("app.test")?.gate;
  const closed = await gate?.admit(request, "app.test");
  assert.equal(closed?.kind === "answer" && closed.response.status, 503);
  const asked: string[] = [];
  const admitted = { kind: "admitted", user: "alice", groups: [], cookie: null, setCookie: null };
  table.protectWith({
    admit(_, host) {
      asked.push(host);
      return Promise.resolve({ ...admitted, kind: "admitted" });
    },
  });
  assert.deepEqual(await gate?.admit(request, "app.test"), admitted);
  assert.deepEqual(asked, ["app.test"]);
});
