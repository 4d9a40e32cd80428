import assert from "node:assert/strict";
import { FakeIo } from "../../tests/kit/fake_io.ts";
import { main } from "./main.ts";

async function run(args: readonly string[], env: Record<string, string> = {}) {
  const io = new FakeIo(env);
  const code = await main(args, io);
  return { code, out: io.stdout.join("\n"), err: io.stderr.join("\n") };
}

Deno.test("portunus-client prints version and help on stdout", async () => {
  assert.deepEqual(await run(["--version"]), { code: 0, out: "portunus-client 3.2.0", err: "" });
  for (const args of [["--help"], ["help"], ["help", "enroll"], ["enroll", "--help"]]) {
    const { code, out } = await run(args);
    assert.equal(code, 0);
    assert.match(out, /^Usage: portunus-client /);
  }
});

Deno.test("portunus-client refuses what 3.1.0 refuses, with exit 2", async () => {
  const cases = [
    ["enroll"],
    ["enroll", "a", "b"],
    ["enroll", "a", "--bundle", "x"],
    ["--stats-report-interval-secs", "0"],
    ["--reconnect-initial-delay-ms", "-1"],
    ["--reconnect-max-delay-secs=1.5"],
    ["--shutdown-drain-timeout-secs", "18446744073709551616"],
    ["daemon"],
  ];
  for (const args of cases) {
    const { code, out, err } = await run(args);
    assert.equal(code, 2, args.join(" "));
    assert.match(err, /^error: /);
    assert.equal(out, "");
  }
});

Deno.test("portunus-client takes delays of any u64 and lists the places it looked for a bundle", async () => {
  const max = "18446744073709551615";
  const { code, out, err } = await run([
    "--reconnect-initial-delay-ms",
    max,
    "--reconnect-max-delay-secs",
    max,
    "--shutdown-drain-timeout-secs",
    max,
    "--stats-report-interval-secs",
    max,
  ], {
    PORTUNUS_CLIENT_BUNDLE: "/nowhere/a",
    XDG_CONFIG_HOME: "/nowhere/x",
    HOME: "/nowhere/h",
    RUST_LOG: "off",
  });
  assert.equal(code, 1);
  assert.equal(out, "");
  assert.equal(
    err,
    [
      "error: no client bundle found; attempted paths:",
      "  - /nowhere/a",
      "  - /nowhere/x/portunus/client.bundle.json",
      "  - /nowhere/h/.config/portunus/client.bundle.json",
      "  - ./client.bundle.json",
    ].join("\n"),
  );
});

Deno.test("portunus-client fails on a bundle that is missing or is none, whatever --bundle says", async () => {
  const env = { RUST_LOG: "off" };
  assert.equal((await run(["--bundle", "/nowhere/bundle.json"], env)).code, 1);
  const path = await Deno.makeTempFile({ prefix: "portunus-bundle-" });
  try {
    await Deno.writeTextFile(path, "{}");
    assert.equal((await run(["--bundle", path], { ...env, PORTUNUS_ENROLL_URI: "x" })).code, 1);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("portunus-client enrolls itself only where there is no bundle yet", async () => {
  const { code, err } = await run(["--bundle", "/nowhere/bundle.json"], {
    RUST_LOG: "off",
    PORTUNUS_ENROLL_URI: " http://x ",
  });
  assert.equal(code, 1);
  assert.equal(err, "error: enrollment URI: bad enrollment URI scheme");
});

Deno.test("portunus-client enroll says which step failed, and does not repeat the URI", async () => {
  const env = { RUST_LOG: "off" };
  const pin = "ab".repeat(32);
  const cases = [
    ["http://x", "error: enrollment URI: bad enrollment URI scheme"],
    [
      `portunus://h:1/enroll?pin=sha256:${pin}`,
      "error: enrollment URI: missing enrollment URI field: code",
    ],
    [
      `portunus://h:1/enroll?pin=sha256:xx&code=sesame`,
      "error: enrollment URI: bad enrollment URI pin",
    ],
  ] as const;
  for (const [uri, line] of cases) {
    assert.deepEqual(await run(["enroll", uri], env), { code: 1, out: "", err: line });
  }
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const uri = `portunus://127.0.0.1:${port}/enroll?pin=sha256:${pin}&code=sesame`;
  const { code, out, err } = await run(["enroll", uri, "--out", "/nowhere/b"], env);
  assert.deepEqual([code, out], [1, ""]);
  assert.match(err, /^error: transport: /);
  assert.ok(!err.includes("sesame"));
});
