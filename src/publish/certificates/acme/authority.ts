/**
 * The certificate authority of the configuration, with our account there.
 *
 * @module
 */

import { join } from "node:path";
import type { Clock } from "../../../core/clock.ts";
import { KeyedMutex } from "../../../core/keyed_mutex.ts";
import { writeFileAtomic } from "../../../system/atomic_file.ts";
import { AccountKey } from "./account_key.ts";
import type { Challenges } from "./challenges.ts";
import { AcmeClient } from "./client.ts";
import { issue, type Issued } from "./issue.ts";
import { AcmeProblem } from "./problem.ts";
import { httpsTransport, type Transport } from "./transport.ts";

export interface AcmeAuthorityOptions {
  /** The directory's URL. */
  readonly directory: string;
  /** A PEM file with roots to trust for the directory beside the system's; `null` for none. */
  readonly caPath: string | null;
  /** `certs_dir`, where the account's key is kept. */
  readonly certsDir: string;
  /** Whom the authority may write to. */
  readonly email: () => string | null;
  /** Where the listener on port 80 finds the answers to challenges. */
  readonly challenges: Challenges;
  readonly clock: Clock;
}

/** An account that is there. */
export interface AcmeAccount {
  readonly url: string;
  /** Where the terms of service are to which registering agreed. */
  readonly termsOfService: string | null;
}

interface Session {
  readonly client: AcmeClient;
  readonly key: AccountKey;
  readonly account: AcmeAccount;
  readonly email: string;
}

/** One for a server. Registers the account when it is needed for the first time. */
export class AcmeAuthority implements Disposable {
  readonly #options: AcmeAuthorityOptions;
  #transport: (Transport & Disposable) | null = null;
  #session: Session | null = null;
  readonly #registering = new KeyedMutex();

  constructor(options: AcmeAuthorityOptions) {
    this.#options = options;
  }

  [Symbol.dispose](): void {
    this.#transport?.[Symbol.dispose]();
  }

  /**
   * The account, which is registered if it is not yet. Its key is made once and kept.
   *
   * @throws {AcmeProblem} when the authority refuses
   * @throws {Error} when it cannot be reached, or a file cannot be read
   */
  async account(signal: AbortSignal): Promise<AcmeAccount> {
    return (await this.#open(signal)).account;
  }

  /** Gets a certificate for `host`, throwing as {@linkcode issue} does. */
  async issue(host: string, signal: AbortSignal): Promise<Issued> {
    try {
      return await this.#issueOnce(host, signal);
    } catch (error) {
      // An authority that lost its accounts takes the key again.
      if (!(error instanceof AcmeProblem) || error.type !== "accountDoesNotExist") throw error;
      this.#session = null;
      return await this.#issueOnce(host, signal);
    }
  }

  async #issueOnce(host: string, signal: AbortSignal): Promise<Issued> {
    const { challenges, clock } = this.#options;
    const { client, key } = await this.#open(signal);
    return await issue(host, { client, key, challenges, clock }, signal);
  }

  /** A changed address makes another session, so that the authority hears of it. */
  #open(signal: AbortSignal): Promise<Session> {
    return this.#registering.withLock("account", async () => {
      const email = this.#options.email();
      if (email === null) throw new Error("no e-mail address is set");
      if (this.#session?.email === email) return this.#session;
      return this.#session = await this.#register(email, signal);
    });
  }

  async #register(email: string, signal: AbortSignal): Promise<Session> {
    const { directory, certsDir, clock } = this.#options;
    const key = await loadAccountKey(certsDir);
    const transport = await this.#connect();
    const client = new AcmeClient({ directory, key, transport, now: () => clock.now() });
    const { meta } = await client.directory(signal);
    if (meta?.externalAccountRequired === true) {
      throw new Error("the certificate authority wants an external account binding");
    }
    const url = await client.register(email, signal);
    return { client, key, email, account: { url, termsOfService: meta?.termsOfService ?? null } };
  }

  async #connect(): Promise<Transport> {
    const { caPath, clock } = this.#options;
    if (this.#transport !== null) return this.#transport;
    const caPem = caPath === null ? null : await Deno.readTextFile(caPath);
    return this.#transport = httpsTransport({ caPem, clock });
  }
}

/**
 * The key of the account. One that is there but cannot be read is never replaced: with it the
 * account would be lost.
 */
async function loadAccountKey(certsDir: string): Promise<AccountKey> {
  const path = join(certsDir, "acme", "account.key");
  try {
    return await AccountKey.fromPem(await Deno.readTextFile(path));
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) {
      throw new Error(`${path}: no account key that can be read`, { cause });
    }
  }
  await Deno.mkdir(join(certsDir, "acme"), { recursive: true, mode: 0o700 });
  const pem = await AccountKey.generatePem();
  await writeFileAtomic(path, pem, { mode: 0o600 });
  return await AccountKey.fromPem(pem);
}
