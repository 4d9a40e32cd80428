import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { FakeClock } from "../../tests/kit/fake_clock.ts";
import { RawHttp } from "../../tests/kit/raw_http.ts";
import { limitBody } from "./body_time.ts";

Deno.test("limitBody() leaves nothing on a connection that goes on", async () => {
  const clock = new FakeClock();
  const counts: number[] = [];
  const server: Server = createServer((message: IncomingMessage, response) => {
    const before = message.socket.listenerCount("close");
    limitBody(message, { clock, timeoutMs: 1_000 });
    message.resume();
    message.once("end", () => {
      counts.push(message.socket.listenerCount("close") - before);
      response.end("ok");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { readonly port: number };
  try {
    using conn = await RawHttp.open({ host: "127.0.0.1", port });
    for (let i = 0; i < 3; i++) {
      await conn.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n");
      await conn.send("abc");
      await conn.until("ok");
    }
  } finally {
    server.close();
  }
  assert.deepEqual(counts, [0, 0, 0]);
  assert.equal(clock.pending, 0);
});
