/**
 * The operator API in process, on a real store, with operators that a test makes up.
 *
 * @module
 */

import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { createApi } from "../../src/api/app.ts";
import { AuditTrail } from "../../src/audit/trail.ts";
import { EventStreams } from "../../src/api/event_streams.ts";
import { AdvertisedEndpoint } from "../../src/control/advertised_endpoint.ts";
import { AccessService } from "../../src/control/access.ts";
import { ClientService } from "../../src/control/clients.ts";
import { EnrollmentService } from "../../src/control/enrollment.ts";
import type { Grant } from "../../src/core/grants.ts";
import { type Json, parseJson, stringifyJson } from "../../src/core/json.ts";
import { embeddedBackend } from "../../src/identity/backend_status.ts";
import { createIdentity } from "../../src/identity/identity.ts";
import type { AuthenticationResult, OperatorDirectory } from "../../src/identity/operators.ts";
import { AuditRepository } from "../../src/store/audit.ts";
import { ClientRepository } from "../../src/store/clients.ts";
import { EnrollmentRepository } from "../../src/store/enrollments.ts";
import { IdentityTables } from "../../src/store/identity_tables.ts";
import { localAccounts } from "../../src/identity/local_identity_store.ts";
import type { Store } from "../../src/store/open.ts";
import { SettingsRepository } from "../../src/store/settings.ts";
import { createTrafficServices } from "../../src/server/traffic_services.ts";
import { createPublish } from "../../src/publish/publish.ts";
import { testPublishConfig } from "./publish_config.ts";
import { systemRandom } from "../../src/system/random.ts";
import type { SharedDatabase } from "../../src/backend/database.ts";
import { assertDeclared, findOperation } from "./api_contract.ts";
import { FakeHasher } from "./fake_hasher.ts";
import { MirroredAccounts } from "./mirrored_accounts.ts";
import { FakeTermination } from "./tunnel_fixture.ts";
import { RuleFixture } from "./rule_fixture.ts";

/** Operators by token; `root` is a superadmin, `alice` and `bob` are users. */
export class FakeOperators implements OperatorDirectory {
  hasSuperadmin = true;
  readonly grants = new Map<string, Grant[]>();
  readonly #results = new Map<string, AuthenticationResult>([
    ["root", { ok: true, operator: { userId: "_superadmin", role: "superadmin" } }],
    ["alice", { ok: true, operator: { userId: "alice", role: "user" } }],
    ["bob", { ok: true, operator: { userId: "bob", role: "user" } }],
    ["disabled", { ok: false, code: "user_disabled" }],
  ]);

  bootstrapped(): Promise<boolean> {
    return Promise.resolve(this.hasSuperadmin);
  }

  authenticate(bearer: string): Promise<AuthenticationResult> {
    return Promise.resolve(this.#results.get(bearer) ?? { ok: false, code: "credential_invalid" });
  }

  grantsOf(userId: string): Promise<readonly Grant[]> {
    return Promise.resolve(this.grants.get(userId) ?? []);
  }
}

/** An answer, read. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The JSON of the body; fails the test when it is none. */
  readonly json: Json;
  /** `<status> <code>` of an error envelope. */
  readonly error: string;
}

export interface RequestOptions {
  /** @default {"root"} */
  readonly token?: string | null;
  /** A session to use instead of a token, as a browser on our own pages does. */
  readonly session?: string;
  readonly json?: Json;
  readonly body?: string | FormData;
  readonly headers?: Readonly<Record<string, string>>;
}

const mirrorOf = (local: Store, database: SharedDatabase | undefined) =>
  database === undefined ? null : new MirroredAccounts(local, database);

export class ApiFixture extends RuleFixture {
  /** The database of accounts for fixtures made while it runs; without, the local store. */
  static readonly sharedDatabase = new AsyncLocalStorage<SharedDatabase>();
  /** Whether fixtures that are made from now on publish. */
  static publishing = Deno.env.get("PORTUNUS_TEST_PUBLISH") !== "0";
  readonly #mirror = mirrorOf(this.db.store, ApiFixture.sharedDatabase.getStore());
  readonly operators = new FakeOperators();
  readonly ui = new Map<string, Uint8Array<ArrayBuffer>>();
  storeIsBroken = false;
  #ids = 0;
  readonly clients = new ClientRepository(this.db.store);
  readonly audit = new AuditRepository(this.db.store, this.clock);
  readonly trail = new AuditTrail(this);
  readonly settings = new SettingsRepository(this.db.store);
  readonly server = {
    fingerprint: "ab".repeat(32),
    sans: { dns: ["public.example"], ips: ["127.0.0.1"] },
    seed: null,
    controlPort: 7443,
  };
  readonly streams = new EventStreams(this);
  readonly identity = new IdentityTables(this.db.store);
  readonly accounts = this.#mirror?.accounts ?? localAccounts(this.db.store);
  readonly hasher = new FakeHasher();
  readonly #tasks = new AsyncDisposableStack();
  readonly traffic = createTrafficServices(this.#tasks, {
    store: this.db.store,
    clients: this.clients,
    registry: this.registry,
    metrics: this.metrics,
    clock: this.clock,
    logger: this.logger,
  });
  publicOrigin: string | null = null;
  readonly publishConfig = testPublishConfig(this.db.dataDir);
  readonly termination = new FakeTermination();
  /** What is published next gets these ids. */
  readonly nextIds: string[] = [];
  readonly publish = !ApiFixture.publishing ? null : createPublish({
    config: () => this.publishConfig,
    store: this.db.store,
    rules: this.rules,
    clients: { onMoved: () => undefined },
    dataDir: this.db.dataDir,
    random: systemRandom,
    operators: this.operators,
    accounts: this.accounts.store,
    anchor: this.accounts.anchor,
    termination: this.termination,
    newId: () =>
      this.nextIds.shift() ?? `01JABCDEFGHJKMNPQRSTVT${String(this.#ids++).padStart(4, "0")}`,
    publicOrigin: () => this.publicOrigin,
    stopGraceMs: () => 0,
    metrics: this.metrics,
    lookUp: () => Promise.resolve(["192.0.2.10"]),
    clock: this.clock,
    logger: this.logger,
  });
  readonly api = createApi({
    streams: this.streams,
    ...this.traffic,
    advertised: new AdvertisedEndpoint({ settings: this.settings, server: this.server }),
    ...createIdentity({
      ...this.accounts,
      logger: this.logger,
      hasher: this.hasher,
      clock: this.clock,
      random: systemRandom,
      newId: () => `01JABCDEFGHJKMNPQRSTVW${String(this.#ids++).padStart(4, "0")}`,
    }),
    access: new AccessService({ ...this.accounts, rules: this.rules, logger: this.logger }),
    publicOrigin: () => this.publicOrigin,
    audit: this.audit,
    trail: this.trail,
    clients: new ClientService({
      clients: this.clients,
      rules: this.rules,
      registry: this.registry,
      clock: this.clock,
      logger: this.logger,
      onRemoved: (clientId) => this.stats.forgetClient(clientId),
    }),
    enrollment: new EnrollmentService({
      clients: this.clients,
      enrollments: new EnrollmentRepository(this.db.store),
      settings: this.settings,
      server: this.server,
      clock: this.clock,
      random: systemRandom,
      newId: () => `01JABCDEFGHJKMNPQRSTVWXY0${this.#ids++}`,
      logger: this.logger,
      onRotated: () => undefined,
    }),
    operators: this.operators,
    ownerCaps: this.ownerCaps,
    rules: this.rules,
    stats: this.stats,
    metrics: this.metrics,
    clock: this.clock,
    logger: this.logger,
    newId: () => `E${this.#ids++}`,
    ui: this.ui,
    backend: embeddedBackend,
    publish: this.publish,
    checkStore: () => {
      if (this.storeIsBroken) throw new Error("broken");
    },
  });

  constructor() {
    super();
    this.db.addUser({ userId: "_superadmin", role: "superadmin" });
    this.db.addUser({ userId: "bob", role: "user" });
    this.logger.lines.length = 0;
  }

  async request(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    const { session, token = session === undefined ? "root" : null, json, headers = {} } = options;
    const body = json === undefined ? options.body : stringifyJson(json);
    const send = async () => {
      const response = await this.api.app.request(path, {
        method,
        headers: {
          ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
          ...(session === undefined ? {} : browserHeaders(session)),
          ...(json === undefined ? {} : { "Content-Type": "application/json" }),
          ...headers,
        },
        ...(body === undefined ? {} : { body }),
      }, { remoteIp: "192.0.2.7" });
      return readAnswer(response.status, response.headers, await response.text());
    };
    const answer = await (this.#mirror?.around(send) ?? send());
    const registered = findOperation(this.api.operations, method, path);
    if (registered) assertDeclared(registered, answer);
    return answer;
  }

  /** A request whose answer is read by the test, a stream for example. */
  async open(path: string, { method = "GET", token = "root" } = {}): Promise<Response> {
    const headers = { Authorization: `Bearer ${token}` };
    return await this.api.app.request(path, { method, headers }, { remoteIp: "192.0.2.7" });
  }

  /** Gives a user a password that counts as `changeRequired` says. */
  setPassword(userId: string, password: string, changeRequired = false): void {
    this.identity.users.setPassword(userId, { hash: `fake:${password}`, changeRequired });
  }

  /** Logs in as a user with a password made up for the occasion; returns the session's secret. */
  async login(userId: string, changeRequired = false): Promise<string> {
    const password = `password of ${userId}`;
    this.setPassword(userId, password, changeRequired);
    const answer = await this.request("POST", "/v1/auth/login", {
      token: null,
      json: { user_id: userId, password },
    });
    assert.equal(answer.status, 200, answer.text);
    return /^portunus_session=([^;]+);/.exec(answer.headers.get("set-cookie") ?? "")?.[1] ?? "";
  }

  get(path: string, token = "root"): Promise<Answer> {
    return this.request("GET", path, { token });
  }

  post(path: string, json: Json, token = "root"): Promise<Answer> {
    return this.request("POST", path, { json, token });
  }
}

/** What a browser sends from one of our own pages. */
export function browserHeaders(session: string) {
  return {
    Cookie: `portunus_session=${session}`,
    Host: "portunus.test",
    Origin: "http://portunus.test",
    "X-Portunus-CSRF": "1",
  };
}

function readAnswer(status: number, headers: Headers, text: string): Answer {
  return {
    status,
    headers,
    text,
    get json() {
      assert.equal(headers.get("content-type"), "application/json", text);
      return parseJson(text);
    },
    get error() {
      const { error } = this.json as { error: { code: string; message: string } };
      assert.deepEqual(Object.keys(this.json as object), ["error"]);
      assert.deepEqual(Object.keys(error), ["code", "message"]);
      return `${status} ${error.code}`;
    },
  };
}

/** The message of an error envelope. */
export function messageOf({ json }: Answer): string {
  return (json as { error: { message: string } }).error.message;
}
