/** Where the stats socket is when nobody says (spec `cli.md` §8.2). */
export function defaultSocketPath(
  os: typeof Deno.build.os,
  env: (name: string) => string | undefined,
): string {
  if (os === "linux") return "/run/portunus/standalone.sock";
  if (os !== "darwin") return "portunus-standalone.sock";
  const directory = env("TMPDIR") ?? "";
  return `${directory === "" ? "/tmp" : directory.replace(/\/+$/, "")}/portunus-standalone.sock`;
}
