/**
 * Builds the Web UI into `ui/dist`: scripts and a style sheet with digests in their names, so that
 * browsers may keep them for ever, and the page that names them. Every page of the console is a
 * script of its own, loaded when it is opened.
 *
 * @module
 */

import { createHash } from "node:crypto";

const UI = new URL("../../ui/", import.meta.url);

/** In the order of the cascade. */
const STYLES = [
  "tokens",
  "base",
  "layout",
  "widgets",
  "tables",
  "forms",
  "dashboard",
  "chart",
  "rules",
  "topology",
  "publish",
];

/** Bundles `ui/` and replaces `dist`, a folder's address. @throws {Error} with the bundler's output when it fails */
export async function bundleUi(dist: URL = new URL("dist/", UI)): Promise<void> {
  await Deno.remove(dist, { recursive: true }).catch(() => undefined);
  await bundleScripts(["main.tsx", "boot.ts"], new URL("assets/", dist));
  const names = {
    main: await addDigest(dist, "main.js"),
    boot: await addDigest(dist, "boot.js"),
    style: await writeStyles(dist),
  };
  const page = (await Deno.readTextFile(new URL("index.html", UI)))
    .replaceAll(/\{\{(main|boot|style)\}\}/g, (_, name: keyof typeof names) => names[name]);
  await Deno.writeTextFile(new URL("index.html", dist), page);
  await Deno.copyFile(new URL("favicon.svg", UI), new URL("favicon.svg", dist));
}

/** Bundles each entry under its own name; what they share or load later gets names with digests. */
async function bundleScripts(entries: readonly string[], into: URL): Promise<void> {
  for (const entry of entries) {
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "bundle",
        "--quiet",
        "--platform",
        "browser",
        "--minify",
        "--code-splitting",
        "--outdir",
        into.pathname,
        new URL(entry, UI).pathname,
      ],
      stdout: "null",
      stderr: "piped",
    }).output();
    if (success) continue;
    throw new Error(`Cannot bundle the Web UI:\n${new TextDecoder().decode(stderr)}`);
  }
}

/** Renames a file of `assets/`; no other file refers to it. */
async function addDigest(dist: URL, name: string): Promise<string> {
  const path = new URL(`assets/${name}`, dist);
  const [stem = "", extension = ""] = name.split(".");
  const hashed = hashedName(stem, extension, await Deno.readTextFile(path));
  await Deno.rename(path, new URL(hashed, dist));
  return hashed;
}

async function writeStyles(dist: URL): Promise<string> {
  const parts = await Promise.all(
    STYLES.map((name) => Deno.readTextFile(new URL(`components/${name}.css`, UI))),
  );
  const style = parts.join("\n");
  const name = hashedName("style", "css", style);
  await Deno.writeTextFile(new URL(name, dist), style);
  return name;
}

function hashedName(stem: string, extension: string, content: string): string {
  const digest = createHash("sha256").update(content).digest("hex").slice(0, 12);
  return `assets/${stem}-${digest}.${extension}`;
}
