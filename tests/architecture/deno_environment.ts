/**
 * The types that a program on this Deno has: the runtime's, and those of the packages in
 * `deno.json`.
 *
 * @module
 */

import { dirname, join } from "node:path";
import type { Environment } from "./floating_promises.ts";
import { ROOT } from "./tree.ts";

/**
 * Collects the types in `folder`: Deno keeps packages by version, and the compiler wants them in
 * a `node_modules`, so links are made there to those that are in Deno's cache.
 */
export async function denoEnvironment(folder: string): Promise<Environment> {
  const cache = await npmCache();
  const config: { imports: Record<string, string> } = JSON.parse(
    await Deno.readTextFile(join(ROOT, "deno.json")),
  );
  for (const target of Object.values(config.imports)) {
    const [, name = "", version = ""] = /^npm:(.+)@([^@/]+)$/.exec(target) ?? [];
    await linkPackage(join(folder, "node_modules", name), cache, name, version);
  }
  const runtimeTypes = await deno("types");
  return { runtimeTypes, packagesFrom: folder };
}

/** The folders, one for each registry in use, that packages are kept in. */
async function npmCache(): Promise<string[]> {
  const { npmCache }: { npmCache: string } = JSON.parse(await deno("info", "--json"));
  const entries = await Array.fromAsync(Deno.readDir(npmCache));
  return entries.map(({ name }) => join(npmCache, name));
}

async function linkPackage(
  link: string,
  cache: readonly string[],
  name: string,
  version: string,
): Promise<void> {
  for (const registry of cache) {
    const target = join(registry, name, version);
    const found = await Deno.stat(target).then((it) => it.isDirectory, () => false);
    if (!found) continue;
    await Deno.mkdir(dirname(link), { recursive: true });
    await Deno.symlink(target, link);
    return;
  }
}

async function deno(...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    env: { NO_COLOR: "1" },
  }).output();
  if (!success) throw new Error(`deno ${args[0]}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}
