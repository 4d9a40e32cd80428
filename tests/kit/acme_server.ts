/**
 * A certificate authority that speaks ACME: Debian's Pebble, which checks HTTP-01 challenges for
 * real, against the name server and the port that a test says.
 *
 * @module
 */

import { bringFiles } from "../../scripts/build/debian.ts";
import { PEBBLE } from "../../scripts/testing/pebble.ts";
import { systemRandom } from "../../src/system/random.ts";
import { generateSelfSigned } from "../../src/wire/self_signed.ts";
import { freePort } from "./ports.ts";
import { TestProcess } from "./process.ts";

export interface AcmeServerOptions {
  /** `ip:port` of the name server that says where hosts are; see `fake_dns.ts`. */
  readonly nameServer: string;
  /** Where challenges are asked for, at the address of the host. */
  readonly httpPort: number;
  /** Percent of good nonces that are refused. @default 0 */
  readonly nonceReject?: number;
}

/** A running Pebble. Nothing of it survives. */
export class AcmeServer implements AsyncDisposable {
  readonly #process: TestProcess;
  readonly #management: string;

  private constructor(
    process: TestProcess,
    /** The directory's URL, for `acme_directory`. */
    readonly directory: string,
    management: string,
    /** A file with the certificate of the directory, for `acme_ca`. */
    readonly caPath: string,
    readonly path: string,
  ) {
    this.#process = process;
    this.#management = management;
  }

  /** @throws {Error} when Pebble is neither there nor can be brought, or does not start */
  static async start(options: AcmeServerOptions): Promise<AcmeServer> {
    await bringFiles([{ file: PEBBLE, package: "pebble" }]);
    const path = await Deno.makeTempDir({ prefix: "portunus-acme-" });
    const [listen, management] = [freePort(), freePort()].map((port) => `127.0.0.1:${port}`);
    const caPath = `${path}/ca.pem`;
    await writeFiles(path, caPath, { listen, management, httpPort: options.httpPort });
    const process = new TestProcess({
      name: "pebble",
      // Pebble logs to stdout; its processes are watched on stderr.
      command: [
        ...["/bin/sh", "-c", 'exec "$0" "$@" >&2', PEBBLE],
        ...["-config", `${path}/config.json`, "-dnsserver", options.nameServer],
      ],
      env: {
        PEBBLE_VA_NOSLEEP: "1",
        PEBBLE_WFE_NONCEREJECT: String(options.nonceReject ?? 0),
        // Otherwise half of the valid authorizations are used again, at random.
        PEBBLE_AUTHZREUSE: "0",
      },
    });
    const server = new AcmeServer(
      process,
      `https://${listen}/dir`,
      `https://${management}`,
      caPath,
      path,
    );
    try {
      await server.#listening();
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The root that issued certificates lead to; another one at every start. */
  async rootPem(): Promise<string> {
    const ca = await Deno.readTextFile(this.caPath);
    using client = Deno.createHttpClient({ caCerts: [ca] });
    const answer = await fetch(`${this.#management}/roots/0`, { client });
    return await answer.text();
  }

  /** How often something was asked for: `POST /order-plz`, say. */
  requests(line: string): number {
    return this.#process.logs.lines.filter(({ text }) => text.includes(`${line} -> `)).length;
  }

  /** Stops it, as a certificate authority that cannot be reached. */
  async stop(): Promise<void> {
    await this.#process.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
    await Deno.remove(this.path, { recursive: true });
  }

  /** Pebble says that it will listen just before it does. */
  async #listening(): Promise<void> {
    await this.#process.stderrLine("ACME directory available at");
    const ca = await Deno.readTextFile(this.caPath);
    using client = Deno.createHttpClient({ caCerts: [ca] });
    for (let attempt = 1;; attempt++) {
      try {
        await (await fetch(this.directory, { client })).body?.cancel();
        return;
      } catch (error) {
        if (!(error instanceof TypeError) || attempt === 1_000) throw error;
      }
    }
  }
}

async function writeFiles(
  path: string,
  caPath: string,
  { listen, management, httpPort }: {
    readonly listen: string | undefined;
    readonly management: string | undefined;
    readonly httpPort: number;
  },
): Promise<void> {
  const pair = await generateSelfSigned({
    commonName: "pebble.test",
    names: ["localhost", "127.0.0.1"],
    nowMs: Date.now() - 60_000,
    random: systemRandom,
  });
  const pebble = {
    listenAddress: listen,
    managementListenAddress: management,
    certificate: caPath,
    privateKey: `${path}/key.pem`,
    httpPort,
    tlsPort: httpPort,
    ocspResponderURL: "",
    externalAccountBindingRequired: false,
  };
  await Deno.writeTextFile(caPath, pair.certPem);
  await Deno.writeTextFile(`${path}/key.pem`, pair.keyPem, { mode: 0o600 });
  await Deno.writeTextFile(`${path}/config.json`, JSON.stringify({ pebble }));
}
