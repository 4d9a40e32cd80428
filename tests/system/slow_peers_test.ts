/** Peers that hold connections and say little, against a real server. */

import assert from "node:assert/strict";
import { parseSocketAddress } from "../../src/core/address.ts";
import { labTest } from "../kit/lab.ts";
import type { Operator } from "../kit/operator.ts";
import { RawHttp } from "../kit/raw_http.ts";

const HALF_A_HEADER = "GET /v1/clients HTTP/1.1\r\nHost: a\r\nX-Slow: ";

/** Opens `count` connections that send `text` and no more. */
async function hold(address: string, count: number, text: string): Promise<Disposable> {
  const listen = parseSocketAddress(address);
  assert.ok(listen);
  const held = new DisposableStack();
  for (let i = 0; i < count; i++) {
    const conn = held.use(await RawHttp.open(listen));
    // The server may have taken it back at once.
    await conn.send(text).catch(() => undefined);
  }
  return held;
}

async function assertServed(operator: Operator): Promise<void> {
  assert.equal((await operator.api("GET", "/v1/clients")).status, 200);
}

labTest("1,000 sockets that stop in a header keep no operator out", async (lab) => {
  const { server, operator } = await lab.operated();
  using _slow = await hold(server.http, 1_000, HALF_A_HEADER);
  for (let i = 0; i < 3; i++) await assertServed(operator);
});

labTest(
  "a server without descriptors for all of them serves, and goes on afterwards",
  async (lab) => {
    const { server, operator } = await lab.operated({ descriptorsMax: 200 });
    {
      using _slow = await hold(server.http, 600, HALF_A_HEADER);
      await assertServed(operator);
    }
    const bundle = await operator.enroll("edge-01", lab.path("edge-01.json"));
    {
      using _slow = await hold(server.grpc, 600, "");
      await lab.client({ bundle }).event("control.connected");
      await assertServed(operator);
    }
  },
);
