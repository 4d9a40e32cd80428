import type { FuzzTarget } from "./target.ts";

const CORPUS = new URL("./corpus/", import.meta.url).pathname;

/** The kept inputs of a target: good ones to begin with, and those that once went wrong. */
export function corpusOf({ name }: FuzzTarget): readonly Uint8Array[] {
  const files = [...Deno.readDirSync(`${CORPUS}${name}`)].map((entry) => entry.name).sort();
  return files.map((file) => Deno.readFileSync(`${CORPUS}${name}/${file}`));
}

/** Keeps an input that went wrong, so that every later run begins with it. @returns its path */
export async function keepCrash({ name }: FuzzTarget, input: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", Uint8Array.from(input));
  const path = `${CORPUS}${name}/crash-${new Uint8Array(digest).toHex().slice(0, 12)}`;
  await Deno.writeFile(path, input);
  return path;
}
