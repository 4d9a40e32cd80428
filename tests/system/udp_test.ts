import assert from "node:assert/strict";
import { clientOf, UdpPeer } from "../forward/udp_kit.ts";
import { labTest } from "../kit/lab.ts";
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
