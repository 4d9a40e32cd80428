/** An HTTP connection whose every byte is the test's own. */

const utf8 = new TextEncoder();

export class RawHttp implements Disposable {
  #received = "";
  #ended = false;
  readonly #text = new TextDecoder();
  readonly #buffer = new Uint8Array(64 * 1024);

  private constructor(readonly conn: Deno.TcpConn) {}

  static async open({ host, port }: { readonly host: string; readonly port: number }) {
    return new RawHttp(await Deno.connect({ hostname: host, port }));
  }

  async send(text: string): Promise<void> {
    for (let rest = utf8.encode(text); rest.length > 0;) {
      rest = rest.subarray(await this.conn.write(rest));
    }
  }

  /** Sends a request without a body and returns what came up to its end, which is `end`. */
  async get(path: string, end: string): Promise<string> {
    await this.send(`GET ${path} HTTP/1.1\r\nHost: test\r\n\r\n`);
    return await this.until(end);
  }

  /** Reads until what came contains `text`, and returns and forgets it; less at the end. */
  async until(text: string): Promise<string> {
    while (!this.#received.includes(text) && !this.#ended) await this.#read();
    const received = this.#received;
    this.#received = "";
    return received;
  }

  /** Everything until the other side closes, in whatever way. */
  async rest(): Promise<string> {
    while (!this.#ended) await this.#read();
    const received = this.#received;
    this.#received = "";
    return received;
  }

  async #read(): Promise<void> {
    const n = await this.conn.read(this.#buffer).catch(() => null);
    if (n === null) this.#ended = true;
    else this.#received += this.#text.decode(this.#buffer.subarray(0, n), { stream: true });
  }

  [Symbol.dispose](): void {
    this.conn.close();
  }
}
