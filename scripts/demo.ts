/**
 * The main job on real processes (task `demo`): a server, an enrolled client, a rule pushed with
 * the real command line, and bytes through the forwarded port. Runs until Ctrl-C, or ends after
 * the checks with `--once`.
 *
 * @module
 */

import { processIo } from "../src/system/process_io.ts";
import { bundleUi } from "./build/ui.ts";
import { Daemon, ROOT, run } from "./demo/programs.ts";
import { echoThrough, startUpstreams } from "./demo/upstreams.ts";

const say = (text: string) => processIo.out(text);
const step = (text: string) => say(`• ${text}`);

function freePort(): number {
  using listener = Deno.listen({ hostname: "::", port: 0 });
  return listener.addr.port;
}

/** What the stopped server is prepared with. */
interface Prepared {
  readonly dataDir: string;
  readonly http: string;
  readonly token: string;
  readonly enrollmentUri: string;
}

/** Makes a data directory with a superadmin and an enrollment code in it. */
async function prepareServer(dir: string): Promise<Prepared> {
  const dataDir = `${dir}/server`;
  await Deno.mkdir(dataDir);
  const [control, http, metrics] = [freePort(), freePort(), freePort()].map((port) =>
    `127.0.0.1:${port}`
  );
  const config = { control_listen: control, operator_http_listen: http, metrics_listen: metrics };
  const toml = Object.entries(config).map(([key, value]) => `${key} = "${value}"\n`).join("");
  await Deno.writeTextFile(`${dataDir}/server.toml`, toml);

  const created = await run("server", ["--data-dir", dataDir, "bootstrap-superadmin"]);
  step("superadmin created; only this demo knows its API token");
  const seed = ["--data-dir", dataDir, "--advertised-endpoint", `${control}`];
  const enrolled = await run("server", [...seed, "enroll-client", "edge-01"]);
  step("one-time enrollment code created for client edge-01");
  return {
    dataDir,
    http: `${http}`,
    token: created.split("token=")[1] ?? "",
    enrollmentUri: /'(portunus:.*)'/.exec(enrolled)?.[1] ?? "",
  };
}

/** Pushes the rules and sends real traffic through them; returns the port of the web server's rule. */
async function forward(
  { http, token }: Prepared,
  upstreams: ReturnType<typeof startUpstreams>,
): Promise<number> {
  const env = { PORTUNUS_OPERATOR_TOKEN: token };
  const cli = (...args: string[]) => run("server", [...args, "--http-endpoint", http], { env });
  const [webPort, echoPort] = [freePort(), freePort()];

  const webRule = await cli("push-rule", "edge-01", `${webPort}`, `127.0.0.1:${upstreams.webPort}`);
  step(`rule ${webRule} pushed: port ${webPort} -> web server on ${upstreams.webPort}`);
  const page = await (await fetch(`http://127.0.0.1:${webPort}/`)).text();
  if (!page.startsWith("Hello")) throw new Error(`unexpected page: ${page}`);
  step(`fetched through the forwarded port: ${page.trim()}`);

  const echoRule = await cli(
    "push-rule",
    "edge-01",
    `${echoPort}`,
    `127.0.0.1:${upstreams.echoPort}`,
  );
  step(`rule ${echoRule} pushed: port ${echoPort} -> echo server on ${upstreams.echoPort}`);
  const started = performance.now();
  const digest = await echoThrough(echoPort);
  const seconds = (performance.now() - started) / 1_000;
  step(`echoed 64 MiB in ${seconds.toFixed(1)} s, SHA-256 equal: ${digest.slice(0, 16)}…`);
  say(await cli("list-rules"));
  return webPort;
}

async function demo(once: boolean, stop: AbortSignal): Promise<void> {
  // On disk, because the server refuses a data directory in memory, which a temporary one may be.
  const dir = `${ROOT}.demo`;
  await Deno.remove(dir, { recursive: true }).catch(() => undefined);
  await Deno.mkdir(dir);
  await bundleUi();

  const prepared = await prepareServer(dir);
  await using upstreams = startUpstreams();
  await using server = new Daemon(
    "server",
    ["--data-dir", prepared.dataDir, "serve"],
    `${dir}/server.log`,
  );
  const listening = await server.event("server.listening");
  step(
    `portunus-server listens: gRPC ${listening["grpc"]}, operator HTTP ${
      listening["operator_http"]
    }, ` +
      `metrics ${listening["metrics"]}`,
  );
  const out = `${dir}/client.bundle.json`;
  const bundle = await run("client", ["enroll", "-", "--out", out], {
    input: prepared.enrollmentUri,
  });
  step(`client enrolled, credentials in ${bundle}`);
  // Browsers keep connections open: do not let them hold up the end of the demo.
  const clientArgs = ["--bundle", bundle, "--shutdown-drain-timeout-secs", "1"];
  await using client = new Daemon("client", clientArgs, `${dir}/client.log`);
  await client.event("control.connected");
  step("portunus-client is connected, its certificate pin verified");

  const webPort = await forward(prepared, upstreams);
  if (once) return;
  say(`
Web UI        http://${prepared.http}/
Forwarded     http://127.0.0.1:${webPort}/
Logs          ${dir}/server.log, ${dir}/client.log
Stop          Ctrl-C`);
  if (!stop.aborted) {
    await new Promise<void>((resolve) => stop.addEventListener("abort", () => resolve()));
  }
}

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => stop.abort());
}
const once = Deno.args.includes("--once");
try {
  await demo(once, stop.signal);
  say(once ? "demo: all checks passed" : "demo: stopped");
  Deno.exit(0);
} catch (error) {
  // Ctrl-C reaches the programs as well, and a step that waits for one of them then fails.
  if (stop.signal.aborted) Deno.exit(0);
  processIo.err(`demo failed: ${error instanceof Error ? error.message : String(error)}`);
  Deno.exit(1);
}
