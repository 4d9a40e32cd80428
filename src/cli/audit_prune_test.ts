import assert from "node:assert/strict";
import { runCommand } from "../../tests/kit/fake_api.ts";
import { FakeIo } from "../../tests/kit/fake_io.ts";
import { TempDataDir } from "../../tests/kit/data_dir.ts";
import { AUDIT } from "../core/limits.ts";
import { AuditRepository } from "../store/audit.ts";
import { MIGRATIONS } from "../store/migrations.ts";
import type { Store } from "../store/open.ts";
import { pruneAudit } from "./audit_prune.ts";

const NEW_YEAR = Temporal.Instant.from("2026-01-01T00:00:00Z");

class Fixture implements Disposable {
  readonly dir = new TempDataDir();

  prune(...args: readonly string[]) {
    const command = ["audit", "prune", ...args, "--data-dir", this.dir.path];
    return runCommand(command, { RUST_LOG: "off" });
  }

  /** Enters `count` entries, an hour apart from the new year on. */
  fill(store: Store, count: number): void {
    new AuditRepository(store, this.dir.clock).insert(Array.from({ length: count }, (_, n) => ({
      timestamp: NEW_YEAR.add({ hours: n }),
      actor: "alice",
      role: "user",
      outcome: "deny",
      action: "POST /v1/rules",
      reason: "not_owner",
      resourceKind: null,
      resourceValue: null,
      details: { text: "x".repeat(2_000) },
    })));
  }

  [Symbol.dispose](): void {
    this.dir[Symbol.dispose]();
  }
}

const countOf = (store: Store) => Number(store.db.get("SELECT count(*) AS n FROM audit")?.["n"]);

Deno.test("audit prune deletes what is older, beside whoever has the store open, and shrinks it", async () => {
  using fixture = new Fixture();
  using store = fixture.dir.open();
  fixture.fill(store, 1_000);
  const pages = () => Number(store.db.get("PRAGMA page_count")?.["page_count"]);
  const before = pages();
  const cutoff = ["--before", "2026-02-01T02:00:00+02:00"];
  assert.deepEqual(await fixture.prune(...cutoff, "--dry-run"), {
    code: 0,
    out: "audit_prune dry_run=true would_delete=744\n",
    err: "",
  });
  assert.equal(countOf(store), 1_000);
  assert.deepEqual(await fixture.prune(...cutoff), {
    code: 0,
    out: "audit_prune deleted=744\n",
    err: "",
  });
  assert.equal(countOf(store), 256);
  assert.ok(pages() < before / 2, `${pages()} of ${before} pages`);
  assert.equal((await fixture.prune(...cutoff)).out, "audit_prune deleted=0\n");
});

Deno.test("audit prune says how far it has got, and takes that back", () => {
  using fixture = new Fixture();
  {
    using store = fixture.dir.open();
    fixture.fill(store, AUDIT.deleteBatchMax + 1);
  }
  const io = new FakeIo({ RUST_LOG: "off" });
  assert.equal(pruneAudit({ before: "2999-01-01T00:00:00Z", dataDir: fixture.dir.path }, io), 0);
  assert.deepEqual(io.stdout, ["audit_prune deleted=2001"]);
  assert.deepEqual(io.statuses, [
    "audit prune: 2000",
    "audit prune: 2001",
    "audit prune: giving the room back",
    "",
  ]);
});

Deno.test("audit prune refuses a time that is none with exit 3, and touches nothing", async () => {
  using fixture = new Fixture();
  for (const text of ["yesterday", "2026-01-01", ""]) {
    const { code, out, err } = await fixture.prune("--before", text);
    assert.deepEqual([code, out], [3, ""]);
    assert.match(err, /^error: --before must be RFC3339: .+\n$/);
  }
  assert.deepEqual(fixture.dir.files(), []);
});

Deno.test("audit prune needs --before, and audit a command", async () => {
  using fixture = new Fixture();
  assert.equal((await fixture.prune()).code, 2);
  const { code, out, err } = await runCommand(["audit"]);
  assert.deepEqual([code, out], [2, ""]);
  assert.match(err, /prune/);
});

Deno.test("audit prune makes a store where there is none, and migrates an older one under the lock", async () => {
  using fixture = new Fixture();
  const cutoff = ["--before", "2026-01-01T01:00:00Z"];
  assert.equal((await fixture.prune(...cutoff)).out, "audit_prune deleted=0\n");
  using older = new Fixture();
  {
    using store = older.dir.open(MIGRATIONS.slice(0, -1));
    older.fill(store, 3);
    assert.equal((await older.prune(...cutoff)).code, 75);
  }
  assert.equal((await older.prune(...cutoff)).out, "audit_prune deleted=1\n");
});

Deno.test("audit prune refuses a newer store with exit 78 and a broken one with exit 1", async () => {
  using fixture = new Fixture();
  fixture.dir.open()[Symbol.dispose]();
  fixture.dir.tamper("UPDATE schema_migrations SET version = 99 WHERE version = 13");
  const newer = await fixture.prune("--before", "2026-01-01T00:00:00Z");
  assert.equal(newer.code, 78);
  assert.match(newer.err, /^error: open store: schema_version_too_new: /);
  await Deno.writeTextFile(fixture.dir.database, "not a database ".repeat(100));
  const broken = await fixture.prune("--before", "2026-01-01T00:00:00Z");
  assert.equal(broken.code, 1);
  assert.match(broken.err, /^error: open store: store_corrupt: /);
});
