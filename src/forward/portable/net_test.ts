import assert from "node:assert/strict";
import { denoNet } from "./net.ts";

const ESTABLISHED = "01";

/**
 * Connections to `port` of this machine that nobody has closed, from the connecting side; see
 * proc_net(5). Not a count of descriptors: other tests run in this process at the same time.
 */
function openConnections(port: number): number {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  const rows = Deno.readTextFileSync("/proc/net/tcp").split("\n").slice(1);
  return rows.map((row) => row.trim().split(/\s+/))
    .filter(([, , remote, state]) => remote?.endsWith(`:${hex}`) && state === ESTABLISHED).length;
}

/** Blocks the event loop, so that everything that is due by then happens in one turn of it. */
function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

Deno.test({
  name: "connect() gives a connection to the caller that was made just when it was cancelled",
  ignore: Deno.build.os !== "linux",
  async fn() {
    using listener = denoNet.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    let made = 0;
    for (let i = 0; i < 500 && made < 5; i++) {
      const dialing = denoNet.connect({ hostname: "127.0.0.1", port });
      let isCancelled = false;
      const { promise: cancelled, resolve } = Promise.withResolvers<void>();
      setTimeout(() => {
        isCancelled = true;
        dialing.cancel();
        resolve();
      }, 1);
      block(2);
      using socket = await dialing.socket.catch(() => null);
      if (isCancelled && socket !== null) made += 1;
      await cancelled;
    }
    assert.ok(made > 0, "no connection was made just when it was cancelled");
    assert.equal(openConnections(port), 0);
  },
});
