/**
 * Builds the Web UI into `ui/dist`: one script and one style sheet with their digests in the
 * names, so that browsers may keep them for ever, and the page that names them.
 *
 * @module
 */

import { createHash } from "node:crypto";

const UI = new URL("../../ui/", import.meta.url);

/** Bundles `ui/` and replaces `ui/dist`. @throws {Error} with the bundler's output when it fails */
export async function bundleUi(): Promise<void> {
  const script = await bundleScript();
  const style = await Deno.readTextFile(new URL("style.css", UI));
  const names = {
    script: hashedName("main", "js", script),
    style: hashedName("style", "css", style),
  };
  const page = (await Deno.readTextFile(new URL("index.html", UI)))
    .replace("{{script}}", names.script)
    .replace("{{style}}", names.style);

  const dist = new URL("dist/", UI);
  await Deno.remove(dist, { recursive: true }).catch(() => undefined);
  await Deno.mkdir(new URL("assets/", dist), { recursive: true });
  await Deno.writeTextFile(new URL(names.script, dist), script);
  await Deno.writeTextFile(new URL(names.style, dist), style);
  await Deno.writeTextFile(new URL("index.html", dist), page);
  await Deno.copyFile(new URL("favicon.svg", UI), new URL("favicon.svg", dist));
}

async function bundleScript(): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "bundle",
      "--quiet",
      "--platform",
      "browser",
      "--minify",
      new URL("main.tsx", UI).pathname,
    ],
    stdout: "piped",
    stderr: "piped",
  }).output();
  const text = new TextDecoder();
  if (!success) throw new Error(`Cannot bundle the Web UI:\n${text.decode(stderr)}`);
  return text.decode(stdout);
}

function hashedName(stem: string, extension: string, content: string): string {
  const digest = createHash("sha256").update(content).digest("hex").slice(0, 12);
  return `assets/${stem}-${digest}.${extension}`;
}
