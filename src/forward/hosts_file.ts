/**
 * The system's hosts file (hosts(5)).
 *
 * Deno's resolver reads it, too, but finds a name without dots in it only where there is no search
 * list, and asks name servers for the address family that the file does not have.
 *
 * @module
 */

import { parseIpv4, parseIpv6 } from "../core/address.ts";

/** A file that may not be there. */
export interface TextFile {
  /** Changes whenever the content does. */
  stamp(): Promise<string>;
  read(): Promise<string>;
}

/** Addresses by name, in lower case and in the order of the file's lines. */
export type Hosts = ReadonlyMap<string, readonly string[]>;

/** Reads the content of a hosts file. Lines that are none, and addresses with a zone, are skipped. */
export function parseHosts(text: string): Hosts {
  const hosts = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const [address = "", ...names] = line.replace(/#.*/s, "").trim().split(/\s+/);
    const ip = parseIpv4(address) ?? parseIpv6(address);
    if (ip === null) continue;
    for (const name of names) {
      const key = name.toLowerCase().replace(/\.$/, "");
      const known = hosts.get(key);
      if (known === undefined) hosts.set(key, [ip]);
      else if (!known.includes(ip)) known.push(ip);
    }
  }
  return hosts;
}

/** A hosts file as it is now; it is read again only when it has changed. */
export class HostsFile {
  readonly #file: TextFile;
  #stamp: string | null = null;
  #hosts: Promise<Hosts> = Promise.resolve(new Map());

  /** @param file by default the system's */
  constructor(file: TextFile = systemFile) {
    this.#file = file;
  }

  /** The addresses of `host`, a name in lower case; none when the file does not know it. */
  async addressesOf(host: string): Promise<readonly string[]> {
    try {
      const stamp = await this.#file.stamp();
      if (stamp !== this.#stamp) {
        this.#stamp = stamp;
        this.#hosts = this.#file.read().then(parseHosts);
      }
      return (await this.#hosts).get(host) ?? [];
    } catch {
      // A system without the file, or one that hides it, still has name servers.
      this.#stamp = null;
      return [];
    }
  }
}

const PATH = Deno.build.os === "windows"
  ? "C:\\Windows\\System32\\drivers\\etc\\hosts"
  : "/etc/hosts";

const systemFile: TextFile = {
  async stamp() {
    const { mtime, size, ino } = await Deno.stat(PATH);
    return `${mtime?.getTime()} ${size} ${ino}`;
  },
  read: () => Deno.readTextFile(PATH),
};
