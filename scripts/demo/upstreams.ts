/**
 * What the demo forwards to, and the check that what comes back is what went out.
 *
 * @module
 */

import { createHash } from "node:crypto";

const ECHO_BYTES = 64 * 1024 * 1024;

/** A small web page and an echo service to forward to. */
export function startUpstreams() {
  const web = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => undefined },
    () => new Response("Hello from behind Portunus\n"),
  );
  const echo = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  void (async () => {
    for await (const conn of echo) void conn.readable.pipeTo(conn.writable).catch(() => undefined);
  })();
  return {
    webPort: web.addr.port,
    echoPort: echo.addr.port,
    async [Symbol.asyncDispose]() {
      echo.close();
      await web.shutdown();
    },
  };
}

/** Sends random bytes and compares SHA-256 of what went out and what came back. */
export async function echoThrough(port: number): Promise<string> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const [sent, received] = [createHash("sha256"), createHash("sha256")];
  const sending = (async () => {
    for (let left = ECHO_BYTES; left > 0; left -= 65_536) {
      const block = crypto.getRandomValues(new Uint8Array(65_536));
      sent.update(block);
      for (let rest = block; rest.length > 0;) rest = rest.subarray(await conn.write(rest));
    }
    await conn.closeWrite();
  })();
  const buffer = new Uint8Array(262_144);
  for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) {
    received.update(buffer.subarray(0, n));
  }
  await sending;
  const [out, back] = [sent.digest("hex"), received.digest("hex")];
  if (out !== back) throw new Error(`the echo differs: sent ${out}, received ${back}`);
  return out;
}
