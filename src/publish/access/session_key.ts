/**
 * The key that sessions on protected hosts are signed with.
 *
 * @module
 */

import { join } from "node:path";
import { PortunusError } from "../../core/errors.ts";
import { writeFileAtomic } from "../../system/atomic_file.ts";
import type { Random } from "../../system/random.ts";

const KEY_BYTES = 32;
const FILE = "site-session.key";

/**
 * Reads the key of a data directory, or makes it: logins outlive restarts. Deleting the file ends
 * them all.
 *
 * @throws {PortunusError} `config_invalid` for a file that holds no key
 */
export async function loadSessionKey(dataDir: string, random: Random): Promise<Uint8Array> {
  const path = join(dataDir, FILE);
  const text = await readText(path);
  if (text === null) {
    const key = random.bytes(KEY_BYTES);
    await writeFileAtomic(path, `${key.toHex()}\n`, { mode: 0o600 });
    return key;
  }
  if (!/^[0-9a-f]{64}\n?$/.test(text)) {
    throw new PortunusError("config_invalid", `${path} holds no key; delete it to have one made`);
  }
  return Uint8Array.fromHex(text.trim());
}

async function readText(path: string): Promise<string | null> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
