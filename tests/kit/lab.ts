/**
 * A whole Portunus on this machine for one test: real server, clients and targets on ephemeral
 * ports, in a directory of its own. Everything ends with the test; when it fails, the logs show.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type CommandResult, runToEnd } from "./command.ts";
import { Operator } from "./operator.ts";
import { freePort } from "./ports.ts";
import { TestProcess } from "./process.ts";
import { type Programs, sourcePrograms } from "./programs.ts";

export interface WorldOptions extends Pick<ServerOptions, "config"> {
  readonly clientArgs?: readonly string[];
}

export interface ServerOptions {
  /** Name of the data directory inside the lab. */
  readonly dir?: string;
  /** Lines for server.toml; listeners are on ephemeral ports unless given here. */
  readonly config?: Readonly<Record<string, string | number>>;
  readonly env?: Readonly<Record<string, string>>;
  /** How many descriptors the process may have. */
  readonly descriptorsMax?: number;
}

/** A server that listens. */
export interface ServerHandle {
  readonly process: TestProcess;
  readonly dataDir: string;
  /** `ip:port` of each listener. */
  readonly grpc: string;
  readonly http: string;
  readonly metrics: string;
}

export interface ClientOptions {
  readonly bundle: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A server, its operator and one connected client, `edge-01`. */
export interface World {
  readonly server: ServerHandle;
  readonly operator: Operator;
  readonly bundle: string;
  readonly client: TestProcess;
}

const loopback = () => `127.0.0.1:${freePort()}`;

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

/** A store with a superadmin and nothing else, once there is one. */
let bootstrapped: { readonly store: Uint8Array; readonly token: string } | null = null;

export class Lab implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack();
  readonly #processes: TestProcess[] = [];

  private constructor(readonly dir: string, readonly programs: Programs) {}

  /** A new lab. Its directory is on disk: the server refuses a data directory in memory. */
  static async open(programs: Programs = sourcePrograms()): Promise<Lab> {
    const root = new URL("../.tmp/", import.meta.url).pathname;
    await Deno.mkdir(root, { recursive: true });
    return new Lab(await Deno.makeTempDir({ dir: root }), programs);
  }

  /** Ends `resource` with the lab. */
  use<T extends AsyncDisposable>(resource: T): T {
    return this.#stack.use(resource);
  }

  /** A path inside the lab's directory. */
  path(name: string): string {
    return `${this.dir}/${name}`;
  }

  /** Starts a program and keeps its log. */
  spawn(
    name: string,
    command: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): TestProcess {
    const process = this.use(
      new TestProcess({ name, command, env: { ...this.#environment(), ...env } }),
    );
    this.#processes.push(process);
    return process;
  }

  /** Starts a server without waiting for it. A second start in the same directory gets the same ports. */
  async launchServer(
    options: ServerOptions = {},
  ): Promise<{ process: TestProcess; dataDir: string }> {
    const dataDir = this.path(options.dir ?? "server");
    await Deno.mkdir(dataDir, { recursive: true });
    const toml = `${dataDir}/server.toml`;
    if (options.config || !await exists(toml)) {
      const listen = {
        control_listen: loopback(),
        operator_http_listen: loopback(),
        metrics_listen: loopback(),
      };
      const lines = Object.entries({ ...listen, ...options.config }).map(([key, value]) =>
        `${key} = ${JSON.stringify(value)}\n`
      );
      await Deno.writeTextFile(toml, lines.join(""));
    }
    const limit = options.descriptorsMax === undefined
      ? []
      : ["/bin/sh", "-c", `ulimit -n ${options.descriptorsMax}; exec "$0" "$@"`];
    const command = [...limit, ...this.programs.server, "--data-dir", dataDir, "serve"];
    return { process: this.spawn("portunus-server", command, options.env), dataDir };
  }

  /** Starts a server and waits until it listens. */
  async server(options: ServerOptions = {}): Promise<ServerHandle> {
    const { process, dataDir } = await this.launchServer(options);
    const { fields } = await process.event("server.listening");
    return {
      process,
      dataDir,
      grpc: String(fields["grpc"]),
      http: String(fields["operator_http"]),
      metrics: String(fields["metrics"]),
    };
  }

  /** Starts an enrolled client. */
  client({ bundle, args = [], env }: ClientOptions): TestProcess {
    return this.spawn(
      "portunus-client",
      [...this.programs.client, "--bundle", bundle, ...args],
      env,
    );
  }

  /** Runs `portunus-server` with `args` to its end. */
  serverCommand(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<CommandResult> {
    return this.#run([...this.programs.server, ...args], env);
  }

  /** Runs `portunus-client` with `args` and `input` on stdin to its end. */
  clientCommand(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
    input = "",
  ): Promise<CommandResult> {
    return this.#run([...this.programs.client, ...args], env, input);
  }

  /** Creates the superadmin of a stopped server and returns its token. */
  async bootstrap(dataDir: string): Promise<string> {
    const { code, stdout, stderr } = await this.serverCommand([
      "--data-dir",
      dataDir,
      "bootstrap-superadmin",
    ]);
    assert.equal(code, 0, stderr);
    const token = /^superadmin user_id=_superadmin token=([\w-]{43})\n$/.exec(stdout)?.[1];
    assert.ok(token, `unexpected output: ${stdout}`);
    return token;
  }

  /** The same, with a copy of the store that was made for an earlier lab of this file. */
  async #superadmin(dataDir: string): Promise<string> {
    const path = `${dataDir}/state.db`;
    if (bootstrapped === null || await exists(path)) {
      const token = await this.bootstrap(dataDir);
      bootstrapped ??= { store: await Deno.readFile(path), token };
      return token;
    }
    await Deno.mkdir(dataDir, { recursive: true });
    await Deno.writeFile(path, bootstrapped.store, { mode: 0o600 });
    return bootstrapped.token;
  }

  /** A server with a superadmin, ready for clients. */
  async operated(
    options: ServerOptions = {},
  ): Promise<{ server: ServerHandle; operator: Operator }> {
    const token = await this.#superadmin(this.path(options.dir ?? "server"));
    const server = await this.server(options);
    return { server, operator: new Operator(this, server.http, token) };
  }

  /** A server, its operator and one connected client. */
  async connected(options: WorldOptions = {}): Promise<World> {
    const { server, operator } = await this.operated(options);
    const bundle = await operator.enroll("edge-01", this.path("edge-01.json"));
    const client = this.client({
      bundle,
      ...(options.clientArgs ? { args: options.clientArgs } : {}),
    });
    await client.event("control.connected");
    return { server, operator, bundle, client };
  }

  #run(
    command: readonly string[],
    env: Readonly<Record<string, string>>,
    input = "",
  ): Promise<CommandResult> {
    return runToEnd(command, { env: { ...this.#environment(), ...env }, input });
  }

  #environment(): Record<string, string> {
    return { HOME: this.dir, HOSTNAME: "lab", ...this.programs.env };
  }

  /** The end of every process's log. */
  transcript(): string {
    return this.#processes.map((process) => process.transcript()).join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
    await Deno.remove(this.dir, { recursive: true });
  }
}

/** A test on a lab of its own; a failure shows what the processes logged. */
export function labTest(
  name: string,
  run: (lab: Lab) => Promise<void>,
  programs?: () => Programs,
): void {
  Deno.test(name, async () => {
    await using lab = await Lab.open(programs?.());
    try {
      await run(lab);
    } catch (cause) {
      throw new Error(
        `${cause instanceof Error ? cause.message : String(cause)}\n${lab.transcript()}`,
        { cause },
      );
    }
  });
}
