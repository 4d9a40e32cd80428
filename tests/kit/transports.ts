/** Connections that are only memory, cut as a test likes. */

import type { Transport } from "../../src/publish/ingress/http1/transport.ts";

/** How many of `available` bytes a read gets, at least one. */
export type Cut = (available: number) => number;

export class MemoryTransport implements Transport {
  /** Everything that was written to this end. */
  readonly written: number[] = [];
  #peer: MemoryTransport | null = null;
  readonly #cut: Cut;
  #incoming: number[] = [];
  #isEnded = false;
  #isClosed = false;
  #wake: (() => void) | null = null;
  readonly #onClosed: (() => void)[] = [];

  private constructor(cut: Cut) {
    this.#cut = cut;
  }

  /** Two ends of one connection. */
  static pair(cut: Cut = (available) => available): [MemoryTransport, MemoryTransport] {
    const [one, other] = [new MemoryTransport(cut), new MemoryTransport(cut)];
    one.#peer = other;
    other.#peer = one;
    return [one, other];
  }

  /** Whether the other end sends no more. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    while (this.#incoming.length === 0) {
      if (this.#isClosed) throw new Deno.errors.BadResource("closed");
      if (this.#isEnded) return null;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    if (this.#isClosed) throw new Deno.errors.BadResource("closed");
    const available = Math.min(buffer.length, this.#incoming.length);
    const part = this.#incoming.splice(0, Math.max(1, Math.min(available, this.#cut(available))));
    buffer.set(part);
    return part.length;
  }

  /** Makes whatever the other end writes wait. */
  takesNothing = false;

  async write(bytes: Uint8Array): Promise<number> {
    await Promise.resolve();
    if (this.#peer?.takesNothing) {
      await new Promise<void>((resolve) => this.#onClosed.push(resolve));
    }
    if (this.#isClosed || this.#peer?.isClosed) throw new Deno.errors.BrokenPipe("closed");
    const part = bytes.subarray(0, Math.max(1, Math.min(bytes.length, this.#cut(bytes.length))));
    for (const byte of part) this.written.push(byte);
    if (this.#peer !== null) this.#peer.#receive(part);
    return part.length;
  }

  closeWrite(): Promise<void> {
    if (this.#peer !== null) this.#peer.#end();
    return Promise.resolve();
  }

  close(): void {
    this.#isClosed = true;
    for (const resolve of this.#onClosed.splice(0)) resolve();
    if (this.#peer !== null) this.#peer.#end();
    this.#wakeUp();
  }

  /** Everything that was written to this end, a character for each byte. */
  text(): string {
    return this.written.map((byte) => String.fromCharCode(byte)).join("");
  }

  /** Writes text, a byte for each character. */
  async send(text: string): Promise<void> {
    let rest = Uint8Array.from(text, (it) => it.charCodeAt(0));
    while (rest.length > 0) rest = rest.subarray(await this.write(rest));
  }

  /** Reads until what came ends with `end`; all of it at the end. */
  async until(end: string): Promise<string> {
    let text = "";
    const buffer = new Uint8Array(4_096);
    while (!text.endsWith(end)) {
      const n = await this.read(buffer).catch(() => null);
      if (n === null) return text;
      text += String.fromCharCode(...buffer.subarray(0, n));
    }
    return text;
  }

  /** Everything until the other side ends, in whatever way. */
  rest(): Promise<string> {
    return this.until("\0 nothing ends so");
  }

  #receive(part: Uint8Array): void {
    for (const byte of part) this.#incoming.push(byte);
    this.#wakeUp();
  }

  #end(): void {
    this.#isEnded = true;
    this.#wakeUp();
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }
}
