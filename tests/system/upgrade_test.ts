/** Data directories of older releases, opened and served by this one. */

import assert from "node:assert/strict";
import { MIGRATIONS } from "../../src/store/migrations.ts";
import { openStore } from "../../src/store/open.ts";
import { hashSecret } from "../../src/system/secret_hash.ts";
import { dump } from "../kit/data_dir.ts";
import { FakeClock } from "../kit/fake_clock.ts";
import { type Lab, labTest } from "../kit/lab.ts";
import { Operator } from "../kit/operator.ts";
import { silentLogger } from "../kit/silent_logger.ts";

const TOKEN = "A".repeat(43);
const AT = "2025-01-01T00:00:00+00:00";

/** A superadmin, a tenant, their credentials, a grant, a client and an audit row. */
const PEOPLE = `
  INSERT INTO users (user_id, role, display_name, created_at) VALUES
    ('_superadmin', 'superadmin', 'ops', '${AT}'), ('alice', 'user', 'Alice', '${AT}');
  INSERT INTO credentials (credential_id, user_id, hash, status, issued_at) VALUES
    ('c1', '_superadmin', '${hashSecret(TOKEN)}', 'active', '${AT}'),
    ('c2', 'alice', '${hashSecret("B".repeat(43))}', 'active', '${AT}');
  INSERT INTO grants VALUES ('g1', 'alice', 'edge', 8000, 8999, 3, NULL, '${AT}');
  INSERT INTO audit (ts, user_id, outcome, action, correlation_id) VALUES
    ('${AT}', 'alice', 'deny', 'push_rule', '01J00000000000000000000000');`;

const client = (columns = "", values = "") =>
  `INSERT INTO client_tokens (client_name, token_hash, issued_at${columns})
     VALUES ('edge', '${hashSecret("C".repeat(43))}', '${AT}'${values});`;

const rule = (columns = "", values = "") =>
  `INSERT INTO rules (id, listen_port, target_host, target_port, owner_user_id, created_at,
     updated_at${columns})
     VALUES (7, 8080, '10.0.0.5', 80, 'alice', '${AT}', '${AT}'${values});`;

const RUNTIME = ", client_name, state_kind";
const ID = "7ABCDEF0123456789ABCDEF012";

/** What each release's store held, in the tables that it had. */
const RELEASES: readonly { version: number; sql: string; rules: number }[] = [
  // Rules of version 1 do not say whose client they are for: they are not loaded.
  { version: 1, sql: PEOPLE + client() + rule(), rules: 0 },
  { version: 6, sql: PEOPLE + client() + rule(RUNTIME, ", 'edge', 'active'"), rules: 1 },
  {
    version: 10,
    sql: PEOPLE + client(", client_address", ", '192.0.2.7'") +
      rule(RUNTIME, ", 'edge', 'active'") +
      `INSERT INTO rate_limit_owner (client_name, owner_id, rl_concurrent_connections,
         updated_at_unix_ms) VALUES ('edge', 'alice', 5, 0);`,
    rules: 1,
  },
  {
    version: 13,
    sql: PEOPLE + client(", client_id", `, '${ID}'`) +
      rule(`${RUNTIME}, client_id`, `, 'edge', 'active', '${ID}'`),
    rules: 1,
  },
];

/** A directory as 3.1.0 and its predecessors left them. */
async function layOut(lab: Lab, version: number, sql: string): Promise<string> {
  const dataDir = lab.path(`v${version}`);
  await Deno.mkdir(dataDir);
  const clock = new FakeClock();
  const migrations = MIGRATIONS.slice(0, version);
  {
    using store = openStore({ dataDir, clock, logger: silentLogger, migrations });
    store.db.exec(sql);
  }
  await Deno.writeTextFile(`${dataDir}/state.db.lock`, "");
  await Deno.writeTextFile(`${dataDir}/tokens.json`, "{}");
  return dataDir;
}

for (const { version, sql, rules } of RELEASES) {
  labTest(`a data directory of schema version ${version} is migrated and served`, async (lab) => {
    const dataDir = await layOut(lab, version, sql);
    const before = dump(`${dataDir}/state.db`);

    const server = await lab.server({ dir: `v${version}` });
    const operator = new Operator(lab, server.http, TOKEN);
    const clients = await operator.api("GET", "/v1/clients");
    const [edge] = clients.body as { client_name: string; client_id: string }[];
    assert.equal(edge?.client_name, "edge");
    if (version === 13) assert.equal(edge?.client_id, ID);
    const listed = (await operator.api("GET", "/v1/rules")).body as { id: number }[];
    assert.deepEqual(listed.map(({ id }) => id), rules === 0 ? [] : [7]);
    const grants = (await operator.api("GET", "/v1/grants")).body;
    assert.match(JSON.stringify(grants), /"g1"/);
    const tenant = new Operator(lab, server.http, "B".repeat(43));
    assert.equal((await tenant.api("GET", "/v1/rules")).status, 200, "credentials go on working");

    await server.process.event("startup.legacy_persistence_file_ignored");
    const backups = (await Array.fromAsync(Deno.readDir(dataDir))).filter(({ name }) =>
      name.endsWith(".bak")
    );
    assert.equal(backups.length, 1);
    assert.match(backups[0]?.name ?? "", new RegExp(`^state\\.db\\.portunus\\.v${version}\\.`));
    assert.equal(dump(`${dataDir}/${backups[0]?.name}`), before);
  });
}
