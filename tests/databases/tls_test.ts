/**
 * Databases that prove who they are, and others that do not.
 *
 * @module
 */

import assert from "node:assert/strict";
import { DatabaseLab } from "../../scripts/testing/databases.ts";
import { openSharedDatabase } from "../../src/backend/open.ts";
import { PortunusError } from "../../src/core/errors.ts";
import { systemClock } from "../../src/system/clock.ts";
import { PrivateAuthority } from "../kit/certificates.ts";
import { databaseConfig, type DatabaseKind } from "../kit/databases.ts";
import { failedStart } from "../kit/failed_start.ts";
import { type Lab, labTest } from "../kit/lab.ts";
import { freePort } from "../kit/ports.ts";
import { silentLogger } from "../kit/silent_logger.ts";

/** How each database says that it is to be verified. */
const QUERIES = {
  postgres: (ca: string) => `sslmode=verify-full&sslrootcert=${ca}`,
  mysql: (ca: string) => `ssl-mode=VERIFY_IDENTITY&ssl-ca=${ca}`,
} as const;

/** Whether anything is encrypted, and how. */
const CIPHER = {
  postgres: "SELECT version AS cipher FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
  mysql: "SELECT VARIABLE_VALUE AS cipher FROM information_schema.SESSION_STATUS " +
    "WHERE VARIABLE_NAME = 'Ssl_version'",
} as const;

const open = (kind: DatabaseKind, url: string) =>
  openSharedDatabase(databaseConfig(kind, url), { clock: systemClock, logger: silentLogger });

async function authorities(lab: Lab) {
  const [ours, other] = [await PrivateAuthority.make(), await PrivateAuthority.make()];
  const files = { ours: lab.path("ours.pem"), other: lab.path("other.pem") };
  await Deno.writeTextFile(files.ours, ours.certPem);
  await Deno.writeTextFile(files.other, other.certPem);
  return { certificate: await ours.issue("localhost"), files };
}

labTest(
  "a database is believed with our authority and its own name, or not at all",
  async (lab) => {
    const { certificate, files } = await authorities(lab);
    const databases = lab.use(await DatabaseLab.open());
    const [postgres, mysql] = await Promise.all([
      databases.postgres(freePort(), certificate),
      databases.mariadb(freePort(), certificate),
    ]);
    const servers = { postgres, mysql };
    for (const kind of ["postgres", "mysql"] as const) {
      const url = (host: string, ca: string) =>
        `${servers[kind].url.replace("127.0.0.1", host)}?${QUERIES[kind](ca)}`;
      using database = await open(kind, url("localhost", files.ours));
      const [row] = await database.read(CIPHER[kind]);
      assert.match(String(row?.["cipher"]), /^TLSv1\.[23]$/);
      const cases = [
        [url("localhost", files.other), /unable to verify the first certificate/],
        [url("127.0.0.1", files.ours), /altnames: IP: 127\.0\.0\.1 is not|needs a host name/],
        [url("localhost", lab.path("nothing.pem")), /nothing\.pem/],
      ] as const;
      for (const [refused, reason] of cases) {
        await assert.rejects(open(kind, refused), (error) => {
          assert.ok(error instanceof PortunusError && error.code === "backend_connect", `${error}`);
          assert.match(error.message, reason);
          return true;
        });
      }
      const { status, log } = await failedStart(lab, kind, url("localhost", files.other));
      assert.equal(status, 1);
      assert.match(log, /serve failed: startup\.backend_connect backend=\w+ unable to verify/);
    }
  },
);
