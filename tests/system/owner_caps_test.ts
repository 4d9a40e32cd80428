/** Caps of owners, from the API to whoever holds the client's bundle. */

import assert from "node:assert/strict";
import { parseBundle } from "../../src/core/bundle.ts";
import { openControlStream } from "../../src/wire/control_client.ts";
import {
  OwnerRateLimitAction,
  type OwnerRateLimitUpdate,
  type ServerMessage,
} from "../../src/wire/gen/portunus/v1/portunus_pb.ts";
import { labTest } from "../kit/lab.ts";
import { hello } from "../kit/messages.ts";

/** A client that says Hello and reads. Skips what it is told of anything but owners' caps. */
async function listener(bundlePath: string) {
  const bundle = parseBundle(await Deno.readTextFile(bundlePath));
  const stream = await openControlStream({
    endpoint: bundle.serverEndpoint,
    pin: bundle.serverCertSha256,
    bearer: bundle.token,
    signal: new AbortController().signal,
  });
  await stream.send(hello());
  const messages = stream.incoming[Symbol.asyncIterator]();
  const next = async (): Promise<ServerMessage> => {
    const { value, done } = await messages.next();
    assert.ok(!done, "the stream ended");
    return value;
  };
  assert.equal((await next()).payload.case, "welcome");
  return {
    async update(): Promise<OwnerRateLimitUpdate> {
      while (true) {
        const { payload } = await next();
        if (payload.case === "ownerRateLimitUpdate") return payload.value;
      }
    },
    [Symbol.dispose]: () => stream.cancel(),
  };
}

labTest(
  "caps of an owner reach a client as they change, and again when it connects",
  async (lab) => {
    const { server, operator } = await lab.operated();
    const bundle = await operator.enroll("edge-01", lab.path("edge-01.json"));
    const { clientId } = parseBundle(await Deno.readTextFile(bundle));
    const path = `/v1/clients/${clientId}/owners/alice/rate-limit`;
    {
      using client = await listener(bundle);
      const caps = { bandwidth_in_bps: 5_242_880, concurrent_connections: 100 };
      assert.equal((await operator.api("PUT", path, caps)).status, 200);
      const set = await client.update();
      assert.equal(set.action, OwnerRateLimitAction.SET);
      assert.deepEqual([set.clientId, set.clientName, set.ownerId], [clientId, "edge-01", "alice"]);
      assert.equal(set.rateLimit?.bandwidthInBps, 5_242_880n);
      assert.equal(set.rateLimit?.concurrentConnections, 100);
      assert.equal(set.rateLimit?.bandwidthOutBps, undefined);
    }
    server.process.signal("SIGKILL");
    await server.process.status;
    const restarted = await lab.server();
    await restarted.process.event("owner_cap.hydrated", { owners: 1, clients: 1 });
    using client = await listener(bundle);
    const replayed = await client.update();
    assert.equal(replayed.action, OwnerRateLimitAction.SET);
    assert.equal(replayed.rateLimit?.concurrentConnections, 100);

    assert.equal((await operator.api("DELETE", path)).status, 204);
    const removed = await client.update();
    assert.equal(removed.action, OwnerRateLimitAction.REMOVE);
    assert.equal(removed.ownerId, "alice");
    assert.equal((await operator.api("GET", path)).status, 404);
  },
);
