import assert from "node:assert/strict";
import { clientOf, UdpPeer } from "../forward/udp_kit.ts";
import { labTest } from "../kit/lab.ts";
import { Operator } from "../kit/operator.ts";
import { freeRange } from "../kit/ports.ts";

const text = (value: string) => new TextEncoder().encode(value);

labTest("a UDP rule forwards datagrams, and its counters reach the operator", async (lab) => {
  const { server, operator, client } = await lab.connected({
    clientArgs: ["--stats-report-interval-secs", "1"],
  });
  using target = UdpPeer.bind("127.0.0.1");
  void target.echo();
  const port = freeRange(1);
  const push = ["push-rule", "edge-01", `${port}`, `127.0.0.1:${target.addr.port}`];
  const ruleId = (await operator.ok([...push, "--protocol", "udp"])).trim();

  for (const hostname of ["127.0.0.1", "::1"]) {
    using source = clientOf(hostname, port);
    for (const question of [text("hello"), new Uint8Array(0), new Uint8Array(65_507).fill(7)]) {
      assert.deepEqual(await source.ask(question), question);
    }
  }

  const bytes = 2 * (5 + 65_507);
  await operator.counters(server.process, [ruleId], new RegExp(`bytes_in=${bytes}\\b`));
  const { body } = await operator.api("GET", `/v1/rules/${ruleId}/stats`);
  const { datagrams_in, datagrams_out, active_flows } = body as Record<string, unknown>;
  assert.deepEqual([datagrams_in, datagrams_out, active_flows], [6, 6, 2]);

  await operator.ok(["remove-rule", ruleId]);
  await client.event("rule.removed", { rule_id: ruleId });
  UdpPeer.bind("::", port)[Symbol.dispose]();
});

labTest("a range of UDP ports maps one to one, and a taken port fails the rule", async (lab) => {
  const { operator } = await lab.connected();
  using first = UdpPeer.bind("127.0.0.1", freeRange(2));
  using second = UdpPeer.bind("127.0.0.1", first.addr.port + 1);
  const start = freeRange(2);
  const push = [
    ...["push-rule", "edge-01", `${start}-${start + 1}`],
    ...[`127.0.0.1:${first.addr.port}-${second.addr.port}`, "--protocol", "udp"],
  ];
  {
    using _holder = UdpPeer.bind("0.0.0.0", start + 1);
    const { code, stderr } = await operator.command(push);
    assert.equal(code, 6, stderr);
    assert.match(stderr, new RegExp(`activation_failed: port_in_use:${start + 1}`));
  }
  await operator.ok(["remove-rule", "0"]);
  await operator.ok(push);
  for (const [i, target] of [first, second].entries()) {
    using source = clientOf("127.0.0.1", start + i);
    await source.send(text(`${i}`));
    assert.deepEqual((await target.receive()).data, text(`${i}`));
  }
});

labTest("caps and a quota cut a running UDP rule, and let it go on", async (lab) => {
  const { operator, client } = await lab.connected();
  using target = UdpPeer.bind("127.0.0.1");
  const call = async (method: string, path: string, body: unknown, status: number) => {
    const answer = await operator.api(method, path, body);
    assert.equal(answer.status, status, JSON.stringify(answer.body));
    return answer.body;
  };
  await call("POST", "/v1/users", { user_id: "alice", display_name: "Alice" }, 201);
  const port = freeRange(1);
  await call("POST", "/v1/grants", {
    ...{ user_id: "alice", client: "edge-01", protocols: ["udp"] },
    ...{ listen_port_start: port, listen_port_end: port },
  }, 201);
  const { token } = await call("POST", "/v1/users/alice/credentials", {}, 201) as { token: string };
  const alice = new Operator(lab, operator.http, token);
  const rule = {
    ...{ client: "edge-01", protocol: "udp", listen_port: port },
    targets: [{ host: "127.0.0.1", port: target.addr.port }],
  };
  const pushed = await alice.api("POST", "/v1/rules", rule);
  assert.equal(pushed.status, 201, JSON.stringify(pushed.body));
  const { rule_id } = pushed.body as { rule_id: number };
  using source = clientOf("127.0.0.1", port);
  const passes = async (message: string) => {
    await source.send(text(message));
    assert.deepEqual((await target.receive()).data, text(message));
  };
  await passes("free");

  const capped = { ...rule, rate_limit: { concurrent_connections: 1 } };
  await call("PUT", `/v1/rules/${rule_id}`, capped, 200);
  using second = clientOf("127.0.0.1", port);
  await second.send(text("no room"));
  await client.event("rule.udp_first_packet_rejected", { reason: "conn_concurrent" });
  await passes("the first flow stays");

  const [{ client_id }] = await call("GET", "/v1/clients", undefined, 200) as [
    { client_id: string },
  ];
  const quota = `/v1/users/alice/quotas/${client_id}`;
  await call("PUT", quota, { monthly_bytes: 1 }, 200);
  await client.event("control.traffic_quota_set", { user: "alice" });
  await source.send(text("spends what is left, if anything is"));
  await source.send(text("too late"));
  const mark = client.mark();
  await call("PATCH", quota, { monthly_bytes: 1_000_000 }, 200);
  await client.event("control.traffic_quota_set", { exhausted: false }, mark);
  await source.send(text("again"));
  const arrived: string[] = [];
  while (arrived.at(-1) !== "again") {
    arrived.push(new TextDecoder().decode((await target.receive()).data));
  }
  assert.ok(!arrived.includes("too late"), arrived.join());
});
