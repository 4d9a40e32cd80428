import assert from "node:assert/strict";
import { type Lab, labTest } from "../kit/lab.ts";
import { canNetwork, Network } from "../kit/network.ts";
import { freePort } from "../kit/ports.ts";
import type { TestProcess } from "../kit/process.ts";
import { echoTarget } from "../kit/targets.ts";

const FAST = ["--reconnect-initial-delay-ms", "50", "--reconnect-max-delay-secs", "1"];

/** A connected client on the far end of a cable. */
async function farClient(lab: Lab, network: Network) {
  const { server, operator } = await lab.operated({
    config: { control_listen: `0.0.0.0:${freePort()}` },
  });
  const path = await operator.enroll("edge-01", lab.path("edge-01.json"));
  const port = server.grpc.slice(server.grpc.lastIndexOf(":") + 1);
  const bundle = JSON.parse(await Deno.readTextFile(path));
  await Deno.writeTextFile(
    path,
    JSON.stringify({ ...bundle, server_endpoint: `${network.hostAddress}:${port}` }),
  );
  const command = network.inside([...lab.programs.client, "--bundle", path, ...FAST]);
  const client = lab.spawn("portunus-client", command);
  await client.event("control.connected");
  return { server, operator, client };
}

/** Silence takes 25 s to be noticed, which is most of what a test waits for one event. */
async function patiently(process: TestProcess, event: string, mark: number): Promise<void> {
  await process.event(event, {}, mark).catch(() => process.event(event, {}, mark));
}

labTest(
  "both ends notice a cable that is out, and a client comes back from another address",
  async (lab) => {
    if (!canNetwork("a cable that is out")) return;
    const network = lab.use(await Network.open());
    const { server, operator, client } = await farClient(lab, network);
    const target = lab.use(echoTarget());
    const port = freePort();
    const id = await operator.push("edge-01", port, `${network.hostAddress}:${target.port}`);
    assert.match(await operator.ok(["list-clients"]), new RegExp(`connected +${network.address}:`));

    const [atClient, atServer] = [client.mark(), server.process.mark()];
    await network.unplug();
    await Promise.all([
      patiently(client, "control.disconnected", atClient),
      patiently(server.process, "client.disconnected", atServer),
    ]);
    assert.deepEqual(client.logs.all("rule.removed"), [], "it forwards on");

    await network.renumber();
    await network.plug();
    await patiently(client, "control.connected", atClient);
    await server.process.event("client.connected", {}, atServer);
    assert.match(await operator.ok(["list-clients"]), new RegExp(`connected +${network.address}:`));
    assert.deepEqual(await operator.stateOf(id), { kind: "active" });
    assert.equal(client.logs.all("rule.activated").length, 1, "the rule was not touched");
  },
);
