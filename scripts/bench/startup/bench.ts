/**
 * How long the built executables take from nothing to their exit: what a script that calls them
 * waits for.
 *
 * @module
 */

import { DIST, exists } from "../../build/project.ts";
import { writeLine } from "../../build/console.ts";
import { quantile, report, timings } from "../report.ts";
import { benchBackendStart } from "./backend.ts";

const RUNS = 30;
const HTTP_AT_MOST_MS = 150;
const VERSION_AT_MOST_MS = 60;

/** Runs each command some times, after a first that fills caches; prints a line for each. */
export async function benchStartup(): Promise<void> {
  await benchBackendStart();
  const [server, client] = [`${DIST}/portunus-server`, `${DIST}/portunus-client`];
  for (const path of [server, client]) {
    if (!exists(path)) return writeLine(`${path} is missing: run deno task compile`);
  }
  writeLine(`startup: ${RUNS} runs of each, medians`);
  await using api = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => undefined },
    ({ method }) => Response.json(method === "POST" ? { rule_id: 1 } : []),
  );
  const endpoint = ["--http-endpoint", `127.0.0.1:${api.addr.port}`];
  const commands: [args: string[], atMost: number][] = [
    [[server, "--version"], VERSION_AT_MOST_MS],
    [[client, "--version"], VERSION_AT_MOST_MS],
    [[server, "--help"], HTTP_AT_MOST_MS],
    [[server, "user-list", ...endpoint], HTTP_AT_MOST_MS],
    [[server, "list-rules", ...endpoint], HTTP_AT_MOST_MS],
    [[server, "push-rule", "edge-01", "80", "10.0.0.5:80", ...endpoint], HTTP_AT_MOST_MS],
  ];
  for (const [[program = "", ...args], atMost] of commands) {
    const run = () => runToEnd(program, args);
    await run();
    const value = quantile(await timings(RUNS, run), 0.5);
    const what = [program.replace(`${DIST}/`, ""), ...args.filter((it) => !endpoint.includes(it))];
    report({ what: what.join(" "), value, atMost, unit: "ms" });
  }
}

async function runToEnd(program: string, args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, {
    args: [...args],
    env: { PORTUNUS_OPERATOR_TOKEN: "bench" },
    stdin: "null",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}
