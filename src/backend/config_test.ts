import assert from "node:assert/strict";
import { parse } from "smol-toml";
import { PortunusError } from "../core/errors.ts";
import { readBackendConfig } from "./config.ts";

const ENVIRONMENT: Readonly<Record<string, string>> = {
  URL: "postgres://u:secret@db/x",
  TOKEN: "t",
  TEN: "10",
};

function read(toml: string) {
  const table = parse(toml)["backend"];
  return readBackendConfig(table, { dataDir: "/data", env: (name) => ENVIRONMENT[name] });
}

function refusal(toml: string): string {
  try {
    read(toml);
  } catch (error) {
    assert.ok(error instanceof PortunusError, `${error}`);
    assert.equal(error.code, "config_invalid");
    return error.detail ?? "";
  }
  return assert.fail(`accepted: ${toml}`);
}

const DEFAULTS = { timeoutMs: 30_000, startupTimeoutMs: 300_000, maxConnections: 10 };

Deno.test("readBackendConfig() has defaults for all but the URL", () => {
  for (const name of ["postgres", "postgresql"]) {
    assert.deepEqual(read(`[backend.${name}]\nurl = "postgresql://h/x"`), {
      database: { kind: "postgres", url: "postgresql://h/x", ...DEFAULTS },
      maxUsers: null,
      unresolved: [],
    });
  }
  assert.deepEqual(read(`[backend.mysql]\nurl = "mysql://h/x"`).database, {
    kind: "mysql",
    url: "mysql://h/x",
    ...DEFAULTS,
  });
  assert.deepEqual(read(`[backend.libsql]\nurl = "libsql://h"`).database, {
    kind: "libsql",
    url: "libsql://h",
    ...DEFAULTS,
    authToken: null,
    replicaPath: null,
    syncIntervalMs: 60_000,
  });
});

Deno.test("readBackendConfig() takes both spellings, references and decimal strings", () => {
  assert.deepEqual(
    read(`[backend]
      max_users = "\${TEN}"
      [backend.postgres]
      url = "\${URL}"
      max_connections = "\${TEN}"
      timeout = "1m30s"
      startup_timeout = 2.5`),
    {
      database: {
        kind: "postgres",
        url: "postgres://u:secret@db/x",
        timeoutMs: 90_000,
        startupTimeoutMs: 2_500,
        maxConnections: 10,
      },
      maxUsers: 10,
      unresolved: [],
    },
  );
  const { database } = read(`[backend.libsql]
    url = "http://h"
    authToken = "\${TOKEN}"
    replicaPath = "replica.db"
    syncIntervalSecs = 0`);
  assert.ok(database.kind === "libsql");
  assert.deepEqual(
    [database.authToken, database.replicaPath, database.syncIntervalMs],
    ["t", "/data/replica.db", 0],
  );
});

Deno.test("readBackendConfig() leaves out what an unset variable was to give", () => {
  const { database, unresolved } = read(`[backend.libsql]
    url = "http://h"
    authToken = "\${NONE}"
    replicaPath = "/var/\${NOTHING}"`);
  assert.ok(database.kind === "libsql");
  assert.deepEqual([database.authToken, database.replicaPath], [null, null]);
  assert.deepEqual(unresolved, ["NONE", "NOTHING"]);
});

Deno.test("readBackendConfig() says what is wrong, and no secret", () => {
  const select = "backend must select exactly one database backend";
  const postgres = (line: string) => `[backend.postgres]\nurl = "postgres://h"\n${line}`;
  const cases: readonly [string, string][] = [
    ["backend = 1", "backend must be a table"],
    ["[backend]", select],
    ["[backend.sqlite]", select],
    ["[backend]\nmaxUsers = 1", select],
    [
      "[backend.mysql]\n[backend.postgresql]\n[backend.postgres]\n[backend.libsql]",
      `${select}, got libsql, postgres, postgresql, mysql`,
    ],
    ["[backend]\npostgres = 1", "backend.postgres must be a table"],
    ["[backend.postgres]", "backend.postgres.url is required"],
    [
      '[backend.postgres]\nurl = "${NONE}"',
      "backend.postgres.url: environment variable NONE is not set",
    ],
    [
      '[backend.postgresql]\nurl = "mysql://u:secret@h"',
      "backend.postgresql.url must begin with postgres:// or postgresql://",
    ],
    ["[backend.postgres]\nurl = 1", "backend.postgres.url must be a string"],
    [postgres("maxConnections = 0"), "backend.postgres.maxConnections must be greater than 0"],
    [postgres('max_connections = "0"'), "backend.postgres.maxConnections must be greater than 0"],
    [postgres("maxConnections = 1.5"), "backend.postgres.maxConnections must be an integer"],
    [postgres("timeout = 0"), "backend.postgres.timeout must be greater than 0"],
    [postgres("startupTimeout = '0s'"), "backend.postgres.startupTimeout must be greater than 0"],
    [
      postgres("timeout = ''"),
      "backend.postgres.timeout must be seconds, or numbers with ms, s, m, h, d or w, like 1m30s",
    ],
    [postgres("replicaPath = 'x'"), 'unknown key "backend.postgres.replicaPath"'],
    [postgres("timeout = 1\n[backend.other]"), 'unknown key "backend.other"'],
    [
      postgres("startupTimeout = 1\nstartup_timeout = 1"),
      "backend.postgres.startupTimeout is given twice",
    ],
    [
      '[backend.libsql]\nurl = "http://h"\nsyncIntervalSecs = -1',
      "backend.libsql.syncIntervalSecs must be 0 or more",
    ],
    [
      '[backend.libsql]\nurl = "http://h"\nmaxConnections = 5',
      'unknown key "backend.libsql.maxConnections"',
    ],
  ];
  for (const [toml, expected] of cases) assert.equal(refusal(toml), expected, toml);
});
