/**
 * The tests of the HTTP API that are about accounts, once more over every shared database: each
 * test on all of them at the same time, because most of it is waiting for answers.
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
const databases = await Promise.all(
  DATABASE_KINDS.map((kind) => openEmpty(databaseConfig(kind, urls[kind]))),
);

async function onEveryDatabase(run: TestFunction, t: Deno.TestContext): Promise<void> {
  const ends = await Promise.allSettled(
    databases.map((database) => ApiFixture.sharedDatabase.run(database, async () => await run(t))),
  );
  for (const [i, end] of ends.entries()) {
    if (end.status === "fulfilled") continue;
    throw new Error(`on ${DATABASE_KINDS[i]}: ${end.reason}`, { cause: end.reason });
  }
}

Object.assign(Deno, {
  test(name: string, run: TestFunction) {
    if (LOCAL.test(name)) return;
    register(`[${DATABASE_KINDS.join(", ")}] ${name}`, (t) => onEveryDatabase(run, t));
  },
});
try {
  // With a query, so that these are modules of their own.
  for (const path of TESTS) await import(`${path}?shared`);
} finally {
  Object.assign(Deno, { test: register });
}
