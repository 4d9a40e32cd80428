import assert from "node:assert/strict";
import { skip } from "../kit/skip.ts";
import { ENGINES } from "./kit.ts";

const ADDRESSES = ["10.99.0.1/24", "10.99.0.2/24", "10.99.0.3/24", "fd00::1/64", "fd00::2/64"];

/** Makes a network that nobody else sees, with `ADDRESSES`, and runs its arguments there. */
const SCRIPT = [
  "set -e",
  "ip link set lo up",
  ...ADDRESSES.map((address) => `ip addr add ${address} dev lo`),
  'exec "$@"',
].join("\n");

for (const engine of ENGINES) {
  Deno.test(`udp [${engine.name}] replies leave from the address they came to`, async () => {
    const child = new URL("./udp_source_child.ts", import.meta.url).pathname;
    const deno = [Deno.execPath(), "run", "-A", "--no-prompt", child, engine.name];
    const inNetwork = ["--map-root-user", "--net", "sh", "-c", SCRIPT, "sh"];
    if (!await canRun("unshare", ["--map-root-user", "--net", "ip", "link"])) {
      return skip("source addresses of UDP replies", "no network namespaces");
    }
    const command = new Deno.Command("unshare", { args: [...inNetwork, ...deno] });
    const { success, stdout, stderr } = await command.output();
    assert.ok(success, new TextDecoder().decode(stderr));
    const answers: Record<string, string> = JSON.parse(new TextDecoder().decode(stdout));
    const expected = ["127.0.0.1", "::1", ...ADDRESSES.map((address) => address.split("/")[0])];
    assert.deepEqual(Object.keys(answers).sort(), expected.sort());
    for (const [asked, answered] of Object.entries(answers)) assert.equal(answered, asked);
  });
}

async function canRun(program: string, args: string[]): Promise<boolean> {
  try {
    return (await new Deno.Command(program, { args }).output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
