/**
 * The tests of the HTTP API that are about accounts, once more over every shared database: each
 * test on all of them at the same time, because most of it is waiting for answers.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { SharedDatabase } from "../../src/backend/database.ts";
import { ApiFixture } from "../kit/api_fixture.ts";
import {
  DATABASE_KINDS,
  databaseConfig,
  type DatabaseKind,
  databaseUrls,
  onEveryDatabase,
  openEmpty,
} from "../kit/databases.ts";

const urls = await databaseUrls();

const TESTS = [
  "../../src/api/routes/auth_test.ts",
  "../../src/api/routes/credentials_test.ts",
  "../../src/api/routes/grants_test.ts",
  "../../src/api/routes/invitations_test.ts",
  "../../src/api/routes/second_factor_test.ts",
  "../../src/api/routes/sessions_test.ts",
  "../../src/api/routes/users_test.ts",
  "../../src/api/middleware/authenticate_test.ts",
];

/** About failures of the local store itself, or with writes to it in the middle of a request. */
const LOCAL = /when the store fails|while it was verified|gives way to a reset/;

type TestFunction = (t: Deno.TestContext) => void | Promise<void>;

const register = Deno.test;
const opening = DATABASE_KINDS.map(async (kind) =>
  [kind, await openEmpty(databaseConfig(kind, urls[kind]))] as const
);
const databases = new Map<DatabaseKind, SharedDatabase>(await Promise.all(opening));

async function onDatabase(kind: DatabaseKind, run: () => void | Promise<void>): Promise<void> {
  const database = databases.get(kind);
  assert.ok(database);
  await ApiFixture.sharedDatabase.run(database, async () => await run());
}

Object.assign(Deno, {
  test(name: string, run: TestFunction) {
    if (LOCAL.test(name)) return;
    register(
      `[${DATABASE_KINDS.join(", ")}] ${name}`,
      (t) => onEveryDatabase((kind) => onDatabase(kind, () => run(t))),
    );
  },
});
try {
  // With a query, so that these are modules of their own.
  for (const path of TESTS) await import(`${path}?shared`);
} finally {
  Object.assign(Deno, { test: register });
}
