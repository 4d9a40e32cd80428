import { PATIENCE_MS } from "./process.ts";

/** The end of sd_notify(3) that systemd has. */
export class NotifySocket implements Disposable {
  readonly #socket: Deno.DatagramConn;

  /** @param name as in `NOTIFY_SOCKET`: a path, or `@` and an abstract name */
  constructor(readonly name: string) {
    const path = name.startsWith("@") ? `\0${name.slice(1)}` : name;
    this.#socket = Deno.listenDatagram({ transport: "unixpacket", path });
  }

  /** The next notification. @throws {Error} when none comes */
  async receive(): Promise<string> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new Error(`nothing sent to ${this.name}`)), PATIENCE_MS);
    try {
      const [data] = await Promise.race([this.#socket.receive(), late]);
      return new TextDecoder().decode(data);
    } finally {
      clearTimeout(timer);
    }
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}
