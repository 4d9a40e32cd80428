import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { SCHEMA_VERSION } from "../../src/store/migrations.ts";
import { labTest } from "../kit/lab.ts";
import { freePort } from "../kit/ports.ts";
import { skip } from "../kit/skip.ts";

labTest(
  "one data directory serves one server: the second, and local commands, exit 75",
  async (lab) => {
    const { server } = await lab.operated();
    const serve = await lab.serverCommand(["--data-dir", server.dataDir, "serve"]);
    assert.equal(serve.code, 75, serve.stderr);
    assert.match(serve.stderr, /"event":"startup.store_in_use"/);
    assert.match(
      serve.stderr,
      new RegExp(`^serve failed: .*store_in_use: ${server.dataDir}/state.db`, "m"),
    );

    for (const args of [["bootstrap-superadmin"], ["enroll-client", "edge"], ["revoke", "edge"]]) {
      const { code, stdout, stderr } = await lab.serverCommand([
        ...args,
        "--data-dir",
        server.dataDir,
      ]);
      assert.deepEqual([code, stdout], [75, ""], `${args[0]}: ${stderr}`);
      assert.match(stderr, /store_in_use/);
    }
  },
);

labTest("a store of a newer schema is refused with 78 by everything that opens it", async (lab) => {
  const dataDir = lab.path("server");
  await lab.bootstrap(dataDir);
  using db = new DatabaseSync(`${dataDir}/state.db`);
  const newer = SCHEMA_VERSION + 1;
  db.exec(
    `INSERT INTO schema_migrations VALUES (${newer}, 'next', '2030-01-01T00:00:00+00:00', '1')`,
  );
  for (const command of ["serve", "bootstrap-superadmin"]) {
    const { code, stderr } = await lab.serverCommand(["--data-dir", dataDir, command]);
    assert.equal(code, 78, stderr);
    assert.match(stderr, /"event":"startup.schema_version_too_new"/);
    const versions = `on_disk=${newer} binary_supports=${SCHEMA_VERSION}`;
    assert.ok(stderr.includes(`schema_version_too_new: ${versions}`), stderr);
  }
});

labTest("a data directory in memory is refused", async (lab) => {
  if (Deno.uid() !== 0) return skip("a data directory on tmpfs", "mounting needs root");
  const dataDir = lab.path("memory");
  await Deno.mkdir(dataDir);
  const mount = (program: string, ...args: string[]) =>
    new Deno.Command(program, { args }).output();
  assert.ok((await mount("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", dataDir)).success);
  try {
    const { code, stderr } = await lab.serverCommand(["--data-dir", `${dataDir}/deeper`, "serve"]);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /"event":"startup.unsupported_filesystem"/);
    assert.match(
      stderr,
      new RegExp(`startup.unsupported_filesystem path=${dataDir}/deeper fs=tmpfs`),
    );
  } finally {
    await mount("umount", dataDir);
  }
});

labTest("a key that others may read is refused", async (lab) => {
  const dataDir = lab.path("server");
  await lab.bootstrap(dataDir);
  const first = await lab.server();
  assert.equal(await first.process.stop(), 0);
  await Deno.chmod(`${dataDir}/server.key`, 0o640);
  const { code, stderr } = await lab.serverCommand(["--data-dir", dataDir, "serve"]);
  assert.equal(code, 1);
  assert.match(
    stderr,
    /^serve failed: tls: .*server\.key has mode 0?640, refuse to start \(must be ≤ 0600\)$/m,
  );
});

labTest("mistakes in server.toml are named, and nothing is bound", async (lab) => {
  const dataDir = lab.path("server");
  await Deno.mkdir(dataDir);
  const failure = async (toml: string) => {
    await Deno.writeTextFile(`${dataDir}/server.toml`, toml);
    const { code, stderr } = await lab.serverCommand(["--data-dir", dataDir, "serve"]);
    assert.equal(code, 1, stderr);
    return stderr;
  };
  assert.match(
    await failure("control_lisen = 1"),
    /^serve failed: config_invalid: .*control_lisen/m,
  );
  assert.match(
    await failure("udp_flow_idle_secs = 29"),
    /udp_flow_idle_secs out of range \(got 29, expected 30\.\.=300\)/,
  );
  assert.match(
    await failure('metrics_listen = "0.0.0.0:7081"'),
    /metrics_listen must bind to loopback/,
  );
  assert.doesNotMatch(await failure('operator_token = "s3cret-value'), /s3cret-value/);
});

labTest(
  "a fresh server shows a setup token and keeps the API closed until a superadmin exists",
  async (lab) => {
    const server = await lab.server();
    const line = await server.process.stderrLine("Portunus onboarding setup token: ");
    assert.match(line, /^Portunus onboarding setup token: [\w-]{43}$/);
    const closed = await fetch(`http://${server.http}/v1/rules`);
    assert.equal(closed.status, 503);
    assert.equal(
      (await closed.json() as { error: { code: string } }).error.code,
      "bootstrap_required",
    );
    const status = await fetch(`http://${server.http}/v1/auth/status`);
    assert.deepEqual(await status.json(), { onboarding_required: true });
    assert.deepEqual(await (await fetch(`http://${server.http}/healthz`)).json(), { status: "ok" });
  },
);

labTest("open event streams do not hold up the end of the server", async (lab) => {
  const { server, operator } = await lab.connected({
    clientArgs: ["--stats-report-interval-secs", "1"],
  });
  const id = await operator.push("edge-01", freePort(), "127.0.0.1:9");
  const response = await fetch(`http://${operator.http}/v1/rules/${id}/stats/stream`, {
    headers: { Authorization: `Bearer ${operator.token}` },
  });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  assert.match(String((await reader?.read())?.value), /^event: stats\ndata: \{"rule_id":0,/);
  server.process.signal("SIGTERM");
  while (!(await reader?.read())?.done);
  assert.equal(await server.process.status, 0);
});
