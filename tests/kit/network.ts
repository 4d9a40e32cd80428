/**
 * A network of its own for a process of a test: a namespace (ip-netns(8)) at the other end of a
 * cable, with which anything can happen. Needs Linux, root and iproute2.
 *
 * @module
 */

import { isFile } from "../../src/system/process_io.ts";
import { skip } from "./skip.ts";

const IP = ["/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip"].find(isFile);

/** Whether networks can be made here; says so where not. */
export function canNetwork(what: string): boolean {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) {
    // Nothing that a machine could bring along makes up for that.
    Deno.stdout.writeSync(new TextEncoder().encode(`skipped: ${what} (needs root on Linux)\n`));
    return false;
  }
  if (IP === undefined) skip(what, "there is no iproute2");
  return IP !== undefined;
}

async function ip(...args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(IP ?? "ip", { args: [...args] }).output();
  if (!success) throw new Error(`ip ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

export class Network implements AsyncDisposable {
  readonly #name: string;
  readonly #cable: string;
  /** The first three numbers of all addresses. */
  readonly #prefix: string;
  #host = 2;
  /** The address whose route on this machine leads into nothing. */
  #blackholed: string | null = null;

  private constructor(n: number) {
    this.#name = `portunus-test-${Deno.pid}-${n}`;
    this.#cable = `pt${(Deno.pid % 100_000)}x${n}`;
    this.#prefix = `10.${200 + n % 50}.${Deno.pid % 250}`;
  }

  static #count = 0;

  /** A network whose cable is plugged in. @throws {Error} what ip(8) says */
  static async open(): Promise<Network> {
    const network = new Network(Network.#count++);
    const { inside, outside } = network.#ends;
    try {
      await ip("netns", "add", network.#name);
      await ip("link", "add", outside, "type", "veth", "peer", "name", inside);
      await ip("link", "set", inside, "netns", network.#name);
      await ip("addr", "add", `${network.hostAddress}/24`, "dev", outside);
      await ip("link", "set", outside, "up");
      await ip("-n", network.#name, "addr", "add", `${network.address}/24`, "dev", inside);
      await ip("-n", network.#name, "link", "set", inside, "up");
      await ip("-n", network.#name, "link", "set", "lo", "up");
    } catch (error) {
      await network[Symbol.asyncDispose]();
      throw error;
    }
    return network;
  }

  get #ends() {
    return { inside: `${this.#cable}i`, outside: `${this.#cable}o` };
  }

  /** Of this machine, as the network sees it. */
  get hostAddress(): string {
    return `${this.#prefix}.1`;
  }

  /** Of the network's end of the cable. */
  get address(): string {
    return `${this.#prefix}.${this.#host}`;
  }

  /** `command`, run inside. */
  inside(command: readonly string[]): readonly string[] {
    return [IP ?? "ip", "netns", "exec", this.#name, ...command];
  }

  /** Takes the cable out, so that what is sent is lost without a word. */
  unplug(): Promise<void> {
    return ip("link", "set", this.#ends.outside, "down");
  }

  /** Has either end throw away what goes to the other (ip-route(8), `blackhole`). */
  async blackhole(): Promise<void> {
    this.#blackholed = this.address;
    await ip("route", "add", "blackhole", `${this.#blackholed}/32`);
    await ip("-n", this.#name, "route", "add", "blackhole", `${this.hostAddress}/32`);
  }

  /** Puts the cable in again, and the routes right. */
  async plug(): Promise<void> {
    await ip("link", "set", this.#ends.outside, "up");
    if (this.#blackholed === null) return;
    await this.#endBlackhole();
    await ip("-n", this.#name, "route", "del", "blackhole", `${this.hostAddress}/32`);
  }

  async #endBlackhole(): Promise<void> {
    if (this.#blackholed === null) return;
    const address = this.#blackholed;
    this.#blackholed = null;
    await ip("route", "del", "blackhole", `${address}/32`);
  }

  /** Gives the network's end another address, as a provider does. */
  async renumber(): Promise<void> {
    const { inside } = this.#ends;
    await ip("-n", this.#name, "addr", "del", `${this.address}/24`, "dev", inside);
    this.#host += 1;
    await ip("-n", this.#name, "addr", "add", `${this.address}/24`, "dev", inside);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#endBlackhole().catch(() => undefined);
    await ip("link", "del", this.#ends.outside).catch(() => undefined);
    await ip("netns", "del", this.#name).catch(() => undefined);
  }
}
