import assert from "node:assert/strict";
import { type Lab, labTest } from "../kit/lab.ts";
import { canNetwork, Network } from "../kit/network.ts";
import { freePort } from "../kit/ports.ts";
import { sourcePrograms } from "../kit/programs.ts";
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

/** Silence is noticed after 24 s at the earliest: of the programs, which live faster here. */
const SPEED = 8;

labTest(
  "both ends notice a cable that is out, and a route into nothing, and a client comes back from " +
    "another address",
  async (lab) => {
    if (!canNetwork("a cable that is out")) return;
    const network = lab.use(await Network.open());
    const { server, operator, client } = await farClient(lab, network);
    const target = lab.use(echoTarget());
    const port = freePort();
    const id = await operator.push("edge-01", port, `${network.hostAddress}:${target.port}`);
    assert.match(await operator.ok(["list-clients"]), new RegExp(`connected +${network.address}:`));

    const silence = [() => network.unplug(), () => network.blackhole()];
    for (const silenced of silence) {
      const [atClient, atServer] = [client.mark(), server.process.mark()];
      await silenced();
      await Promise.all([
        client.event("control.disconnected", {}, atClient),
        server.process.event("client.disconnected", {}, atServer),
      ]);
      await client.event("control.connect_failed", {}, atClient);
      assert.deepEqual(client.logs.all("rule.removed"), [], "it forwards on");

      await network.renumber();
      await network.plug();
      await client.event("control.connected", {}, atClient);
      await server.process.event("client.connected", {}, atServer);
      assert.match(
        await operator.ok(["list-clients"]),
        new RegExp(`connected +${network.address}:`),
      );
      assert.deepEqual(await operator.stateOf(id), { kind: "active" });
      assert.equal(client.logs.all("rule.activated").length, 1, "the rule was not touched");
    }
  },
  () => sourcePrograms({ preload: `time_lapse.ts?speed=${SPEED}` }),
);
