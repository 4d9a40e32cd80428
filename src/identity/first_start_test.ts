import assert from "node:assert/strict";
import { RecordingLogger } from "../../tests/kit/recording_logger.ts";
import { TemporaryStore } from "../../tests/kit/seeded_store.ts";
import { PortunusError } from "../core/errors.ts";
import { IdentityTables } from "../store/identity_tables.ts";
import { systemRandom } from "../system/random.ts";
import { hashSecret } from "../system/secret_hash.ts";
import { bootstrapSuperadmin, prepareFirstStart } from "./first_start.ts";
import { localAccounts } from "./local_identity_store.ts";

class Fixture implements Disposable {
  readonly db = new TemporaryStore();
  readonly logger = new RecordingLogger();
  readonly operators = new IdentityTables(this.db.store);
  readonly printed: string[] = [];
  readonly tools = {
    ...localAccounts(this.db.store),
    clock: this.db.clock,
    random: systemRandom,
    newId: () => "ID",
  };

  prepare(operatorToken: string | null = null): Promise<void> {
    const { tools, logger, printed } = this;
    const printSetupToken = (token: string) => void printed.push(token);
    const path = "/state.db";
    return prepareFirstStart({ ...tools, logger, operatorToken, printSetupToken, path });
  }

  [Symbol.dispose](): void {
    this.db[Symbol.dispose]();
  }
}

const refuses = (code: string) => (error: unknown) =>
  error instanceof PortunusError && error.code === code;

Deno.test("bootstrapSuperadmin() creates the first superadmin once, with a token that works", async () => {
  using fixture = new Fixture();
  const token = await bootstrapSuperadmin(fixture.tools, "  Ops ");
  assert.match(token, /^[\w-]{43}$/);
  const owner = fixture.operators.credentials.findActive(hashSecret(token));
  assert.equal(owner?.userId, "_superadmin");
  assert.equal(owner?.role, "superadmin");
  await assert.rejects(bootstrapSuperadmin(fixture.tools, "Ops"), refuses("already_bootstrapped"));
});

Deno.test("bootstrapSuperadmin() wants a display name of 1 to 64 bytes", async () => {
  using fixture = new Fixture();
  for (const name of ["", "   ", "x".repeat(65), "é".repeat(33)]) {
    await assert.rejects(bootstrapSuperadmin(fixture.tools, name), refuses("invalid_display_name"));
  }
  await bootstrapSuperadmin(fixture.tools, "é".repeat(32));
});

Deno.test("prepareFirstStart() prints a new setup token at every start, and logs only its end", async () => {
  using fixture = new Fixture();
  await fixture.prepare();
  await fixture.prepare();
  const [first = "", second = ""] = fixture.printed;
  assert.match(first, /^[\w-]{43}$/);
  assert.notEqual(first, second);
  const rows = fixture.db.store.db.all("SELECT token_hash, expires_at FROM onboarding_setup");
  assert.deepEqual(rows.map((row) => ({ ...row })), [
    { token_hash: hashSecret(second), expires_at: "2026-01-01T00:30:00+00:00" },
  ]);
  assert.equal(
    fixture.logger.of("operator.onboarding_setup_token_rotated")[0]?.fields["expires_at"],
    "2026-01-01 00:30:00 UTC",
  );
  assert.ok(!fixture.logger.text().includes(first));
});

Deno.test("prepareFirstStart() turns the configured token into a superadmin, while there is none", async () => {
  using fixture = new Fixture();
  await fixture.prepare("sesame");
  assert.equal(fixture.operators.credentials.findActive(hashSecret("sesame"))?.userId, "_legacy");
  assert.deepEqual(fixture.logger.of("operator.bootstrap_legacy").map(({ fields }) => fields), [
    { outcome: "ok" },
  ]);
  await fixture.prepare("other");
  assert.equal(fixture.operators.credentials.findActive(hashSecret("other")), undefined);
  assert.deepEqual(fixture.printed, []);
  assert.ok(!fixture.logger.text().includes("sesame"));
});

Deno.test("prepareFirstStart() wants a configured token of 1 to 256 bytes, if it needs one", async () => {
  using fixture = new Fixture();
  for (const token of ["", "x".repeat(257)]) {
    await assert.rejects(fixture.prepare(token), refuses("config_invalid"));
  }
  await bootstrapSuperadmin(fixture.tools, "Ops");
  await fixture.prepare("");
});
