/**
 * The tests of the HTTP API that are about accounts, once more over every shared database.
 *
 * @module
 */

import { ApiFixture } from "../kit/api_fixture.ts";
import { DATABASE_KINDS, databaseConfig, databaseUrls, openEmpty } from "../kit/databases.ts";

const urls = await databaseUrls();

const TESTS = [
  "../../src/api/routes/auth_test.ts",
  "../../src/api/routes/credentials_test.ts",
  "../../src/api/routes/grants_test.ts",
  "../../src/api/routes/sessions_test.ts",
  "../../src/api/routes/users_test.ts",
  "../../src/api/middleware/authenticate_test.ts",
];

/** About failures of the local store itself, or with writes to it in the middle of a request. */
const LOCAL = /when the store fails|while it was verified|gives way to a reset/;

type TestFunction = (t: Deno.TestContext) => void | Promise<void>;

const register = Deno.test;

for (const kind of DATABASE_KINDS) {
  const database = await openEmpty(databaseConfig(kind, urls[kind]));
  const onDatabase = (name: string, run: TestFunction) => {
    if (LOCAL.test(name)) return;
    register(`[${kind}] ${name}`, async (t) => {
      ApiFixture.sharedDatabase = database;
      try {
        await run(t);
      } finally {
        ApiFixture.sharedDatabase = null;
      }
    });
  };
  Object.assign(Deno, { test: onDatabase });
  try {
    // With a query, so that each database gets a module of its own.
    for (const path of TESTS) await import(`${path}?${kind}`);
  } finally {
    Object.assign(Deno, { test: register });
  }
}
