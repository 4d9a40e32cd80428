import assert from "node:assert/strict";
import { FakeClock } from "../../tests/kit/fake_clock.ts";
import { RecordingLogger } from "../../tests/kit/recording_logger.ts";
import { HTTP_CONNECTIONS } from "../core/limits.ts";
import { systemRandom } from "../system/random.ts";
import { generateSelfSigned } from "../wire/self_signed.ts";
import { HttpServer } from "./http_server.ts";

const BODY_BYTES = 99_999_999;
/** More than all buffers on the way have room for. */
const TAKEN_AT_MOST = 50_000_000;

Deno.test("a body that nobody reads is not taken in, over TLS either", async () => {
  const pair = await generateSelfSigned({
    commonName: "localhost",
    names: ["localhost"],
    nowMs: Date.now(),
    random: systemRandom,
  });
  for (const tls of [undefined, pair]) {
    const answered = Promise.withResolvers<Response>();
    const server = new HttpServer({
      listen: { host: "127.0.0.1", port: 0 },
      clock: new FakeClock(),
      logger: new RecordingLogger(),
      limits: HTTP_CONNECTIONS,
      isUpload: () => true,
      handler: () => answered.promise,
      tls,
    });
    try {
      const { port } = server.address;
      using conn = tls === undefined
        ? await Deno.connect({ hostname: "127.0.0.1", port })
        : await Deno.connectTls({ hostname: "localhost", port, caCerts: [pair.certPem] });
      const head = `PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${BODY_BYTES}\r\n\r\n`;
      await conn.write(new TextEncoder().encode(head));
      const sent = await sendUntilStuck(conn);
      assert.ok(sent < TAKEN_AT_MOST, `${sent} bytes were taken in`);
    } finally {
      answered.resolve(new Response("enough"));
      await server.stop(0);
    }
  }
});

/** How much of the body went before the other end took no more for a while. */
async function sendUntilStuck(conn: Deno.Conn): Promise<number> {
  const chunk = new Uint8Array(64 * 1024);
  let sent = 0;
  const sending = (async () => {
    while (sent < BODY_BYTES) sent += await conn.write(chunk.subarray(0, BODY_BYTES - sent));
  })().catch(() => undefined);
  for (let before = -1; before < sent && sent < BODY_BYTES;) {
    before = sent;
    await Promise.race([sending, new Promise((resolve) => setTimeout(resolve, 250))]);
  }
  return sent;
}
