import assert from "node:assert/strict";
import { denoNet } from "./net.ts";

/** Sockets this process has open. */
function openSockets(): number {
  let sockets = 0;
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    try {
      if (Deno.readLinkSync(`/proc/self/fd/${name}`).startsWith("socket:")) sockets += 1;
    } catch {
      // The descriptor of the folder itself is gone by now.
    }
  }
  return sockets;
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
    const before = openSockets();
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
    assert.equal(openSockets(), before);
  },
});
