/**
 * The main job on real processes (task `demo`): a server, an enrolled client, a rule pushed with
 * the real command line, and bytes through the forwarded port. Runs until Ctrl-C, or ends after
 * the checks with `--once`.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { bundleUi } from "./build/ui.ts";
import { PERMISSIONS } from "./build/permissions.ts";

const ROOT = new URL("../", import.meta.url).pathname;
const ECHO_BYTES = 64 * 1024 * 1024;
const PATIENCE_MS = 30_000;

const utf8 = new TextDecoder();
const say = (text: string) => console.log(text);
const step = (text: string) => say(`• ${text}`);

/** A program from source with the permissions its binary has. */
function command(
  name: "server" | "client",
  args: readonly string[],
  env: Record<string, string> = {},
) {
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      ...PERMISSIONS[name],
      `${ROOT}src/${name}/main.ts`,
      ...args,
    ],
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

/** Runs a command to its end and returns what it printed. */
async function run(
  name: "server" | "client",
  args: readonly string[],
  env?: Record<string, string>,
): Promise<string> {
  const { success, stdout, stderr } = await command(name, args, env).output();
  if (!success) throw new Error(`portunus-${name} ${args[0]} failed:\n${utf8.decode(stderr)}`);
  return utf8.decode(stdout).trimEnd();
}

/** A program that keeps running, with its log in a file. */
class Daemon implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #log: Promise<void>;
  readonly #events = new Map<string, PromiseWithResolvers<Record<string, string>>>();

  constructor(
    readonly name: "server" | "client",
    args: readonly string[],
    readonly logPath: string,
  ) {
    this.#child = command(name, args).spawn();
    this.#log = this.#follow();
    void this.#child.stdout.cancel();
  }

  /** The fields of the first log line with this event. */
  async event(event: string): Promise<Record<string, string>> {
    const failed = Promise.withResolvers<never>();
    const why = (text: string) =>
      failed.reject(
        new Error(`portunus-${this.name}: ${text} before ${event}; see ${this.logPath}`),
      );
    const timer = setTimeout(() => why(`${PATIENCE_MS / 1_000} s passed`), PATIENCE_MS);
    void this.#child.status.then(() => why("ended"));
    try {
      return await Promise.race([this.#eventOf(event).promise, failed.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Asks the program to stop and waits until it has. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGTERM");
    } catch {
      // It has ended already.
    }
    await this.#child.status;
    await this.#log;
  }

  #eventOf(event: string) {
    const known = this.#events.get(event) ?? Promise.withResolvers<Record<string, string>>();
    this.#events.set(event, known);
    return known;
  }

  async #follow(): Promise<void> {
    using file = await Deno.open(this.logPath, { write: true, create: true, truncate: true });
    let rest = "";
    for await (const text of this.#child.stderr.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        file.writeSync(new TextEncoder().encode(`${line}\n`));
        if (!line.startsWith("{")) continue;
        const { fields } = JSON.parse(line) as { fields?: Record<string, string> };
        if (fields?.["event"] !== undefined) this.#eventOf(fields["event"]).resolve(fields);
      }
    }
  }
}

/** A small web page and an echo service to forward to. */
function startUpstreams() {
  const web = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => undefined },
    () => new Response("Hello from behind Portunus\n"),
  );
  const echo = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  void (async () => {
    for await (const conn of echo) void conn.readable.pipeTo(conn.writable).catch(() => undefined);
  })();
  return {
    webPort: web.addr.port,
    echoPort: echo.addr.port,
    async [Symbol.asyncDispose]() {
      echo.close();
      await web.shutdown();
    },
  };
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "::", port: 0 });
  return listener.addr.port;
}

/** Sends random bytes and compares SHA-256 of what went out and what came back. */
async function echoThrough(port: number): Promise<string> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const [sent, received] = [createHash("sha256"), createHash("sha256")];
  const sending = (async () => {
    for (let left = ECHO_BYTES; left > 0; left -= 65_536) {
      const block = crypto.getRandomValues(new Uint8Array(65_536));
      sent.update(block);
      for (let rest = block; rest.length > 0;) rest = rest.subarray(await conn.write(rest));
    }
    await conn.closeWrite();
  })();
  const buffer = new Uint8Array(262_144);
  for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) {
    received.update(buffer.subarray(0, n));
  }
  await sending;
  const [out, back] = [sent.digest("hex"), received.digest("hex")];
  if (out !== back) throw new Error(`the echo differs: sent ${out}, received ${back}`);
  return out;
}

async function demo(once: boolean, stop: AbortSignal): Promise<void> {
  // On disk, because the server refuses a data directory in memory, which a temporary one may be.
  const dir = `${ROOT}.demo`;
  await Deno.remove(dir, { recursive: true }).catch(() => undefined);
  await Deno.mkdir(dir);
  const dataDir = `${dir}/server`;
  const [control, http, metrics, webPort, echoPort] = Array.from({ length: 5 }, freePort);
  await bundleUi();

  await Deno.mkdir(dataDir);
  await Deno.writeTextFile(
    `${dataDir}/server.toml`,
    `control_listen = "127.0.0.1:${control}"\noperator_http_listen = "127.0.0.1:${http}"\nmetrics_listen = "127.0.0.1:${metrics}"\n`,
  );
  const created = await run("server", ["--data-dir", dataDir, "bootstrap-superadmin"]);
  const token = created.split("token=")[1] ?? "";
  step("superadmin created; its API token is kept in memory for this demo only");
  const enrolled = await run("server", [
    ...["--data-dir", dataDir, "--advertised-endpoint", `127.0.0.1:${control}`],
    ...["enroll-client", "edge-01"],
  ]);
  const uri = /'(portunus:.*)'/.exec(enrolled)?.[1] ?? "";
  step("one-time enrollment code created for client edge-01");

  await using upstreams = startUpstreams();
  await using server = new Daemon("server", ["--data-dir", dataDir, "serve"], `${dir}/server.log`);
  const listening = await server.event("server.listening");
  step(
    `portunus-server listens: gRPC ${listening["grpc"]}, operator HTTP ${
      listening["operator_http"]
    }, metrics ${listening["metrics"]}`,
  );
  const bundle = await run("client", ["enroll", uri, "--out", `${dir}/client.bundle.json`]);
  step(`client enrolled, credentials in ${bundle}`);
  await using client = new Daemon(
    "client",
    ["--bundle", bundle, "--shutdown-drain-timeout-secs", "1"],
    `${dir}/client.log`,
  );
  await client.event("control.connected");
  step("portunus-client is connected, its certificate pin verified");

  const env = { PORTUNUS_OPERATOR_TOKEN: token };
  const cli = (...args: string[]) =>
    run("server", [...args, "--http-endpoint", `127.0.0.1:${http}`], env);
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
  const digest = await echoThrough(echoPort as number);
  const seconds = (performance.now() - started) / 1_000;
  step(`echoed 64 MiB in ${seconds.toFixed(1)} s, SHA-256 equal: ${digest.slice(0, 16)}…`);
  say(await cli("list-rules"));
  if (once) return;

  say("");
  say(`Web UI        http://127.0.0.1:${http}/`);
  say(`Forwarded     http://127.0.0.1:${webPort}/`);
  say(`Logs          ${dir}/server.log, ${dir}/client.log`);
  say("Stop          Ctrl-C");
  if (!stop.aborted) {
    await new Promise<void>((resolve) => stop.addEventListener("abort", () => resolve()));
  }
}

const stop = new AbortController();
const onSignal = () => stop.abort();
for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, onSignal);
const once = Deno.args.includes("--once");
try {
  await demo(once, stop.signal);
  say(once ? "demo: all checks passed" : "demo: stopped");
  Deno.exit(0);
} catch (error) {
  // Ctrl-C reaches the programs as well, and a step that waits for one of them then fails.
  if (stop.signal.aborted) Deno.exit(0);
  console.error(`demo failed: ${error instanceof Error ? error.message : String(error)}`);
  Deno.exit(1);
}
