/** What real TLS clients say first. */

import { once } from "node:events";
import { createServer } from "node:net";
import { connect } from "node:tls";

/** The bytes a TLS client sends before it gets an answer, for that server name or none. */
export async function clientHello(
  serverName: string | null,
  version: "TLSv1.2" | "TLSv1.3" = "TLSv1.3",
): Promise<Uint8Array<ArrayBuffer>> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("Not a TCP port");
  const accepted = once(server, "connection");
  const client = connect({
    host: "127.0.0.1",
    port: address.port,
    minVersion: version,
    maxVersion: version,
    rejectUnauthorized: false,
    ...(serverName !== null && { servername: serverName }),
  });
  client.on("error", () => undefined);
  const [socket] = await accepted;
  const parts: Uint8Array[] = [];
  let length = 0;
  let expected = Infinity;
  while (length < expected) {
    const [chunk] = await once(socket, "data") as [Uint8Array];
    parts.push(new Uint8Array(chunk));
    length += chunk.length;
    const [, , , high = 0, low = 0] = parts[0] ?? [];
    expected = 5 + (high << 8 | low);
  }
  client.destroy();
  socket.destroy();
  server.close();
  return new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer()).slice(0, expected);
}

/** The same handshake message, in records of the given sizes; the last takes the rest. */
export function inRecords(hello: Uint8Array, sizes: readonly number[]): Uint8Array<ArrayBuffer> {
  const message = hello.subarray(5);
  const records: number[] = [];
  let at = 0;
  for (const size of [...sizes, message.length]) {
    const part = message.subarray(at, at + size);
    at += part.length;
    if (part.length > 0) {
      records.push(0x16, 0x03, 0x01, part.length >> 8, part.length & 0xff, ...part);
    }
  }
  return Uint8Array.from(records);
}
