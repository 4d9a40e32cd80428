/**
 * `[backend]` of `server.toml`: which database keeps the accounts of several servers.
 *
 * @module
 */

import { isAbsolute, join } from "node:path";
import { PortunusError } from "../core/errors.ts";
import { SHARED_IDENTITY } from "../core/limits.ts";
import { type Env, interpolate } from "./interpolation.ts";
import { parseInterval } from "./interval.ts";

interface CommonConfig {
  readonly url: string;
  readonly maxConnections: number;
  /** How long a read may take, waiting for a connection included, in milliseconds. */
  readonly timeoutMs: number;
  /** How long connecting and preparing the schema may take at the start, in milliseconds. */
  readonly startupTimeoutMs: number;
}

export interface PostgresConfig extends CommonConfig {
  readonly kind: "postgres";
}

export interface MysqlConfig extends CommonConfig {
  readonly kind: "mysql";
}

export interface LibsqlConfig extends CommonConfig {
  readonly kind: "libsql";
  readonly authToken: string | null;
  /** File that answers reads; `null` for none. */
  readonly replicaPath: string | null;
  /** How often the file is brought up to date, in milliseconds; 0 for never. */
  readonly syncIntervalMs: number;
}

export type DatabaseConfig = PostgresConfig | MysqlConfig | LibsqlConfig;

/** Where shared accounts are, and how many there may be. */
export interface BackendConfig {
  readonly database: DatabaseConfig;
  /** Negative: no more users; `null`: any number. */
  readonly maxUsers: number | null;
  /** Variables that were not set where something could be left out. */
  readonly unresolved: readonly string[];
}

/** In the order in which a wrong selection names them. */
const SELECTORS = ["libsql", "postgres", "postgresql", "mysql"] as const;
type Selector = typeof SELECTORS[number];

const SCHEMES: Readonly<Record<Selector, readonly string[]>> = {
  libsql: ["libsql", "https", "http"],
  postgres: ["postgres", "postgresql"],
  postgresql: ["postgres", "postgresql"],
  mysql: ["mysql"],
};

const COMMON_KEYS = ["url", "timeout", "startupTimeout"];
const KEYS: Readonly<Record<Selector, readonly string[]>> = {
  libsql: [...COMMON_KEYS, "authToken", "replicaPath", "syncIntervalSecs"],
  postgres: [...COMMON_KEYS, "maxConnections"],
  postgresql: [...COMMON_KEYS, "maxConnections"],
  mysql: [...COMMON_KEYS, "maxConnections"],
};

/**
 * Reads the table of `[backend]`.
 *
 * @throws {PortunusError} `config_invalid`, naming the key but never its value
 */
export function readBackendConfig(
  value: unknown,
  { dataDir, env }: { readonly dataDir: string; readonly env: Env },
): BackendConfig {
  const table = tableOf("backend", value);
  const selected = SELECTORS.filter((name) => Object.hasOwn(table, name));
  const [name] = selected;
  if (name === undefined || selected.length > 1) {
    const got = selected.length > 1 ? `, got ${selected.join(", ")}` : "";
    throw invalid(`backend must select exactly one database backend${got}`);
  }
  const root = new Section("backend", table, env, [...SELECTORS, "maxUsers"]);
  const section = new Section(`backend.${name}`, tableOf(`backend.${name}`, table[name]), env, [
    ...KEYS[name],
  ]);
  const database = databaseOf(name, section, dataDir);
  const maxUsers = root.integer("maxUsers");
  return { database, maxUsers, unresolved: [...root.unresolved, ...section.unresolved] };
}

function databaseOf(name: Selector, section: Section, dataDir: string): DatabaseConfig {
  const common = {
    url: urlOf(section, SCHEMES[name]),
    timeoutMs: section.interval("timeout") ?? SHARED_IDENTITY.timeoutMs,
    startupTimeoutMs: section.interval("startupTimeout") ?? SHARED_IDENTITY.startupTimeoutMs,
    maxConnections: section.count("maxConnections", 1) ?? SHARED_IDENTITY.connectionsDefault,
  };
  switch (name) {
    case "postgres":
    case "postgresql":
      return { kind: "postgres", ...common };
    case "mysql":
      return { kind: "mysql", ...common };
    case "libsql": {
      const authToken = section.optionalText("authToken");
      const path = section.optionalText("replicaPath");
      const intervalSecs = section.count("syncIntervalSecs", 0) ??
        SHARED_IDENTITY.syncIntervalSecs;
      return {
        kind: "libsql",
        ...common,
        authToken,
        replicaPath: path === null || isAbsolute(path) ? path : join(dataDir, path),
        syncIntervalMs: intervalSecs * 1_000,
      };
    }
    default:
      return name satisfies never;
  }
}

function urlOf(section: Section, schemes: readonly string[]): string {
  const url = section.requiredText("url");
  if (!schemes.some((scheme) => url.startsWith(`${scheme}://`))) {
    const expected = schemes.map((it) => `${it}://`).join(" or ");
    throw invalid(`${section.path}.url must begin with ${expected}`);
  }
  return url;
}

/** The keys of a table, by their camelCase or snake_case names. */
class Section {
  readonly #values = new Map<string, unknown>();
  readonly #env: Env;
  /** Variables of values that count as absent without them. */
  readonly unresolved: string[] = [];

  constructor(
    readonly path: string,
    table: Readonly<Record<string, unknown>>,
    env: Env,
    known: readonly string[],
  ) {
    this.#env = env;
    for (const [key, value] of Object.entries(table)) {
      const name = key.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
      if (!known.includes(name)) throw invalid(`unknown key "${path}.${key}"`);
      if (this.#values.has(name)) throw invalid(`${path}.${name} is given twice`);
      this.#values.set(name, value);
    }
  }

  requiredText(key: string): string {
    const { text, unresolved } = this.#text(key) ?? { text: "", unresolved: [] };
    const [missing] = unresolved;
    if (missing !== undefined) {
      throw invalid(`${this.path}.${key}: environment variable ${missing} is not set`);
    }
    if (text === "") throw invalid(`${this.path}.${key} is required`);
    return text;
  }

  /** Empty counts as absent, and so does what depends on a variable that is not set. */
  optionalText(key: string): string | null {
    const { text, unresolved } = this.#text(key) ?? { text: "", unresolved: [] };
    this.unresolved.push(...unresolved);
    return text === "" || unresolved.length > 0 ? null : text;
  }

  /** A span of time that is not nothing, in milliseconds. */
  interval(key: string): number | null {
    const value = this.#numberOrText(key);
    if (value === undefined) return null;
    const ms = parseInterval(value);
    if (ms === null) {
      throw invalid(
        `${this.path}.${key} must be seconds, or numbers with ms, s, m, h, d or w, like 1m30s`,
      );
    }
    if (ms === 0) throw invalid(`${this.path}.${key} must be greater than 0`);
    return ms;
  }

  count(key: string, min: 0 | 1): number | null {
    const value = this.integer(key);
    if (value === null || value >= min) return value;
    throw invalid(
      min === 1
        ? `${this.path}.${key} must be greater than 0`
        : `${this.path}.${key} must be 0 or more`,
    );
  }

  integer(key: string): number | null {
    const value = this.#numberOrText(key);
    if (value === undefined) return null;
    if (/^-?\d+$/.test(String(value)) && Number.isSafeInteger(Number(value))) return Number(value);
    throw invalid(`${this.path}.${key} must be an integer`);
  }

  #numberOrText(key: string): number | string | undefined {
    const value = this.#values.get(key);
    if (typeof value === "bigint") return Number(value);
    return typeof value === "number" ? value : this.#text(key)?.text;
  }

  #text(key: string) {
    const value = this.#values.get(key);
    if (value === undefined) return undefined;
    if (typeof value !== "string") throw invalid(`${this.path}.${key} must be a string`);
    return interpolate(value, this.#env);
  }
}

function tableOf(path: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw invalid(`${path} must be a table`);
}

const invalid = (text: string) => new PortunusError("config_invalid", text);
