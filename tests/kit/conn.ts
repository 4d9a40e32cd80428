/**
 * One TCP connection from outside, with the few things tests do to it.
 *
 * @module
 */

import { closeQuietly } from "./targets.ts";

const utf8 = new TextEncoder();
const text = new TextDecoder();

export class TestConn implements Disposable {
  private constructor(readonly conn: Deno.TcpConn) {}

  static async open(port: number, hostname = "127.0.0.1"): Promise<TestConn> {
    return new TestConn(await Deno.connect({ hostname, port }));
  }

  /** Sends `message` (ASCII) and returns what comes back, which has to be as long. */
  async echo(message: string): Promise<string> {
    for (let rest = utf8.encode(message); rest.length > 0;) {
      rest = rest.subarray(await this.conn.write(rest));
    }
    const buffer = new Uint8Array(message.length);
    for (let filled = 0; filled < buffer.length;) {
      const n = await this.conn.read(buffer.subarray(filled));
      if (n === null) return text.decode(buffer.subarray(0, filled));
      filled += n;
    }
    return text.decode(buffer);
  }

  /** Resolves when the other side has closed the connection, in whatever way. */
  async closed(): Promise<void> {
    const buffer = new Uint8Array(1_024);
    while (await this.conn.read(buffer).catch(() => null) !== null);
  }

  [Symbol.dispose](): void {
    closeQuietly(this.conn);
  }
}

/** Resolves once nobody listens on the port any more. */
export async function untilRefused(port: number): Promise<void> {
  while (true) {
    try {
      using _conn = await TestConn.open(port);
    } catch (error) {
      if (error instanceof Deno.errors.ConnectionRefused) return;
      if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
    }
  }
}
