/**
 * HTTP/2 frames that end a Deno process when they reach its HTTP/2 implementation, and that any
 * peer can send.
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import * as http2 from "node:http2";
import { connect, createServer, type Server, type TLSSocket } from "node:tls";
import { fingerprint } from "../../src/wire/certificate.ts";
import { certificate, hello, open, readAll, startServer, wireError } from "./harness.ts";
import { frame, RawConnection } from "./raw_http2.ts";

const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").toString("hex");
const SETTINGS = "000000" + "04" + "00" + "00000000";
const GOAWAY = "000008" + "07" + "00" + "00000000" + "00000000" + "00000000";
const PING_ACK = "000008" + "06" + "01" + "00000000" + "1111111111111111";
const PING = "000008" + "06" + "00" + "00000000" + "2222222222222222";
const ANSWER = "000008" + "06" + "01" + "00000000" + "2222222222222222";

/** Sends `hex` over TLS and waits until `awaited` has come back. */
function exchange(port: number, hex: string, awaited: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = connect({
      port,
      host: "127.0.0.1",
      rejectUnauthorized: false,
      ALPNProtocols: ["h2"],
    }, () => socket.write(Buffer.from(hex, "hex")));
    let received = "";
    socket.on("data", (chunk: Buffer) => {
      received += chunk.toString("hex");
      if (received.includes(awaited)) socket.destroy();
    });
    socket.on("error", reject);
    socket.on("close", () => {
      if (received.includes(awaited)) resolve();
      else reject(new Error(`The server closed the connection after ${received}`));
    });
  });
}

for (const [name, hostile] of Object.entries({ GOAWAY, "PING acknowledgement": PING_ACK })) {
  Deno.test(`the server goes on after a ${name} that comes out of the blue`, async () => {
    await using server = startServer();
    await exchange(server.port, PREFACE + SETTINGS + hostile.repeat(3) + PING, ANSWER);
    const stream = await open(server);
    stream.close();
    assert.deepEqual(await readAll(stream), []);
  });
}

Deno.test("the server serves a connection whose client said GOAWAY", async () => {
  await using server = startServer();
  await using connection = new RawConnection(server.port);
  connection.goaway();
  const answer = await connection.call("/portunus.v1.Control/Channel", {
    headers: { authorization: "Bearer good" },
    body: frame(new Uint8Array()),
  });
  assert.equal(answer.trailers?.["grpc-status"], "0");
});

async function listen(server: Server) {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  return {
    endpoint: `127.0.0.1:${address.port}`,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  };
}

Deno.test("a client's stream goes on after a GOAWAY that spares it", async () => {
  const pair = await certificate();
  const server = http2.createSecureServer({ cert: pair.certPem, key: pair.keyPem });
  server.on("stream", (stream: http2.ServerHttp2Stream) => {
    stream.session?.goaway(http2.constants.NGHTTP2_NO_ERROR, 1);
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, {
      waitForTrailers: true,
    });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.on("data", () => stream.end(frame(Uint8Array.fromHex("0a00"))));
  });
  await using listening = await listen(server);
  const stream = await open({ ...listening, pin: fingerprint(pair.certPem) });
  await stream.send(hello());
  assert.deepEqual(await readAll(stream), [""]);
});

Deno.test("a client whose stream a GOAWAY gives up is disconnected", async () => {
  const pair = await certificate();
  const options = { cert: pair.certPem, key: pair.keyPem, ALPNProtocols: ["h2"] };
  const server = createServer(options, (socket) => {
    socket.on("error", () => {});
    socket.resume();
    socket.write(Buffer.from(SETTINGS + GOAWAY, "hex"));
  });
  await using listening = await listen(server);
  const stream = await open({ ...listening, pin: fingerprint(pair.certPem) });
  await assert.rejects(readAll(stream), wireError("transport", /^transport: /));
});
