/**
 * What four servers are asked at the same moment, over HTTP and by different people: exactly as
 * much happens as may.
 *
 * @module
 */

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import type { SharedDatabase } from "../../src/backend/database.ts";
import { hashSecret } from "../../src/system/secret_hash.ts";
import { databaseConfig, databaseUrls, openEmpty } from "../kit/databases.ts";
import { HttpBrowser } from "../kit/http_browser.ts";
import { type Lab, labTest, type ServerHandle } from "../kit/lab.ts";
import { Operator } from "../kit/operator.ts";
import { PASSWORD, sharedServer } from "../kit/shared_servers.ts";

const { postgres: url } = await databaseUrls();
const RUNS = 200;
/** Each hashes four passwords; many more of these are in `races_test.ts`. */
const BOOTSTRAP_RUNS = 5;
const SERVERS = 4;
const MAX_USERS = 3;
const SETUP_TOKEN = "a setup token that every server takes";
const NO = () => Promise.resolve(false);

/** The status of each answer, with the code of an error. */
type Outcomes = readonly string[];

/** A server, as its operators see it. */
class Contender implements Disposable {
  readonly #lab: Lab;
  readonly #server: ServerHandle;
  readonly #browser: HttpBrowser;
  readonly #store: DatabaseSync;

  constructor(lab: Lab, server: ServerHandle) {
    this.#lab = lab;
    this.#server = server;
    this.#browser = new HttpBrowser(server.http);
    this.#store = new DatabaseSync(`${server.dataDir}/state.db`);
  }

  /** Makes {@linkcode SETUP_TOKEN} good once more. */
  allowSetup(): void {
    this.#store.prepare(
      `INSERT INTO onboarding_setup (id, token_hash, issued_at, expires_at)
       VALUES (1, ?, '2026-01-01T00:00:00Z', '2999-01-01T00:00:00Z')
       ON CONFLICT (id) DO UPDATE SET
         token_hash = excluded.token_hash, expires_at = excluded.expires_at`,
    ).run(hashSecret(SETUP_TOKEN));
  }

  async onboard(userId: string): Promise<string> {
    const { outcome } = await this.#browser.request("POST", "/v1/auth/onboarding", {
      user_id: userId,
      display_name: userId,
      password: PASSWORD,
      password_confirm: PASSWORD,
      setup_token: SETUP_TOKEN,
    });
    return outcome;
  }

  /** Asks with the token of `actor`. */
  async ask(actor: string, method: string, path: string, body?: unknown): Promise<string> {
    const operator = new Operator(this.#lab, this.#server.http, actor);
    const { status, body: answer } = await operator.api(method, path, body);
    const { error } = answer as { readonly error?: { readonly code: string } };
    return error === undefined ? `${status}` : `${status} ${error.code}`;
  }

  [Symbol.dispose](): void {
    this.#browser[Symbol.dispose]();
    this.#store.close();
  }
}

/** The database between two runs. */
class Accounts {
  readonly #database: SharedDatabase;

  constructor(database: SharedDatabase) {
    this.#database = database;
  }

  /** Leaves these superadmins, each of whom has their name as a token, and nobody else. */
  async reset(...superadmins: readonly string[]): Promise<void> {
    await this.#database.write(async (sql) => {
      for (const table of ["credentials", "login_attempts", "users"]) {
        await sql.query(`DELETE FROM portunus_${table}`);
      }
      for (const name of superadmins) {
        await sql.query(
          `INSERT INTO portunus_users (user_id, role, display_name, created_at)
           VALUES (?, 'superadmin', ?, 0)`,
          name,
          name,
        );
        await sql.query(
          `INSERT INTO portunus_credentials (credential_id, user_id, hash, status, issued_at)
           VALUES (?, ?, ?, 'active', 0)`,
          name,
          name,
          hashSecret(name),
        );
      }
      await sql.query(
        "UPDATE portunus_counters SET value = ? WHERE name = 'users'",
        superadmins.length,
      );
    }, NO);
  }

  /** How many users there are, and how many of them are superadmins who can act. */
  async counts(): Promise<readonly [users: number, acting: number]> {
    const rows = await this.#database.read("SELECT role, disabled FROM portunus_users");
    const acting = rows.filter(({ role, disabled }) => role === "superadmin" && disabled === 0n);
    return [rows.length, acting.length];
  }
}

const successes = (outcomes: Outcomes) => outcomes.filter((it) => it.startsWith("20")).length;

async function bootstrapRace(servers: readonly Contender[], accounts: Accounts): Promise<void> {
  await accounts.reset();
  for (const server of servers) server.allowSetup();
  const outcomes = await Promise.all(servers.map((it, i) => it.onboard(`root${i}`)));
  assert.deepEqual(outcomes.toSorted(), [
    "201",
    ...Array(SERVERS - 1).fill("409 already_bootstrapped"),
  ]);
  assert.deepEqual(await accounts.counts(), [1, 1]);
}

/** What makes a superadmin none. */
const REMOVALS = [["DELETE"], ["PATCH", { role: "user" }], ["PATCH", { disabled: true }]] as const;

async function removalRace(servers: readonly Contender[], accounts: Accounts): Promise<void> {
  await accounts.reset("ada", "bob");
  const outcomes = await Promise.all(servers.map((server, i) => {
    const [actor, victim] = i % 2 === 0 ? ["ada", "bob"] : ["bob", "ada"];
    const [method, body] = REMOVALS[i % REMOVALS.length] ?? ["DELETE"];
    return server.ask(actor, method, `/v1/users/${victim}`, body);
  }));
  assert.equal((await accounts.counts())[1], 1, `${outcomes}`);
  assert.ok(successes(outcomes) >= 1, `${outcomes}`);
}

async function capRace(servers: readonly Contender[], accounts: Accounts): Promise<void> {
  await accounts.reset("ada");
  const outcomes = await Promise.all(
    servers.map((it, i) =>
      it.ask("ada", "POST", "/v1/users", { user_id: `u${i}`, display_name: "U" })
    ),
  );
  assert.equal(successes(outcomes), MAX_USERS - 1, `${outcomes}`);
  const refused = outcomes.filter((it) => it !== "201");
  assert.deepEqual([...new Set(refused)], ["403 too_many_users"]);
  assert.deepEqual(await accounts.counts(), [MAX_USERS, 1]);
}

async function contenders(lab: Lab, stack: DisposableStack): Promise<readonly Contender[]> {
  const started = await Promise.all(
    Array.from(
      { length: SERVERS },
      (_, i) => sharedServer(lab, `s${i}`, "postgres", { url, maxUsers: MAX_USERS }),
    ),
  );
  return started.map((server) => stack.use(new Contender(lab, server)));
}

labTest("four servers race for bootstrap, the last superadmin and the cap", async (lab) => {
  using database = await openEmpty(databaseConfig("postgres", url));
  using stack = new DisposableStack();
  const servers = await contenders(lab, stack);
  const accounts = new Accounts(database);
  for (let run = 0; run < BOOTSTRAP_RUNS; run++) await bootstrapRace(servers, accounts);
  for (let run = 0; run < RUNS; run++) {
    await removalRace(servers, accounts);
    await capRace(servers, accounts);
  }
});
