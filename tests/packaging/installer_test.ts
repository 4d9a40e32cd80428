import assert from "node:assert/strict";
import { findTool } from "../binary/sandbox.ts";
import { skip } from "../kit/skip.ts";
import type { CommandResult } from "../kit/command.ts";
import { Host, TARGET } from "./host.ts";

const SHELLS: readonly (readonly string[])[] = [["dash"], ["busybox", "ash"], ["bash", "--posix"]];

/** A test on a host of its own, once for each shell that this machine has. */
function hostTest(name: string, run: (host: Host) => Promise<void>): void {
  for (const shell of SHELLS) {
    Deno.test(`install.sh, run by ${shell.join(" ")}, ${name}`, async () => {
      if (findTool(shell[0] ?? "") === undefined) return skip(name, `there is no ${shell[0]}`);
      await using host = await Host.open(shell);
      await run(host);
    });
  }
}

function succeeded({ code, stdout, stderr }: CommandResult): string {
  assert.equal(code, 0, `${stdout}${stderr}`);
  return stdout;
}

const BIN = "/usr/local/bin";
const DROPIN = "/etc/systemd/system/portunus-server.service.d/10-portunus.conf";

hostTest("installs, upgrades, rolls back and removes a server", async (host) => {
  const [first, second] = [await host.release("3.2.0"), await host.release("3.10.0")];
  const endpoint = ["--advertised-endpoint", "edge.example.com:7443"];
  assert.match(
    succeeded(await host.run(["server", "--from", first, ...endpoint])),
    /^installed portunus-server 3\.2\.0$/m,
  );
  assert.deepEqual(await host.told(), [
    "daemon-reload",
    "is-active --quiet portunus-server",
    "enable --now portunus-server",
  ]);
  assert.match(await host.read("/etc/systemd/system/portunus-server.service"), /^Type=notify$/m);
  assert.match(
    await host.read(DROPIN),
    /^ExecStart=\nExecStart=\/usr\/local\/bin\/portunus-server --data-dir \/var\/lib\/portunus serve --advertised-endpoint edge\.example\.com:7443$/m,
  );
  assert.match(
    succeeded(await host.run(["status"])),
    /^version: 3\.2\.0$[\s\S]*^service: running$/m,
  );

  await host.write("/var/lib/portunus/state.db", "store");
  const upgraded = succeeded(await host.run(["upgrade", "--from", second]));
  assert.match(upgraded, /^upgraded portunus-server 3\.2\.0 to 3\.10\.0$/m);
  const copy = /^the store before the upgrade: (\S+)$/m.exec(upgraded)?.[1];
  assert.ok(copy && await host.has(copy), upgraded);
  assert.match(await host.read(`${BIN}/portunus-server`), /3\.10\.0/);
  assert.match(
    succeeded(await host.run(["upgrade", "--from", second])),
    /^portunus-server is 3\.10\.0 already$/m,
  );

  succeeded(await host.run(["rollback"]));
  assert.match(await host.read(`${BIN}/portunus-server`), /3\.2\.0/);
  assert.match(succeeded(await host.run(["status"])), /^version: 3\.2\.0$/m);
  assert.equal((await host.run(["rollback"])).code, 1, "there is nothing before that");

  succeeded(await host.run(["uninstall"]));
  for (const path of [`${BIN}/portunus-server`, "/etc/systemd/system/portunus-server.service"]) {
    assert.ok(!await host.has(path), path);
  }
  assert.ok(await host.has("/var/lib/portunus/state.db"), "the data stays without --purge");
  assert.match(succeeded(await host.run(["status"])), /^No Portunus install detected$/m);
});

hostTest("goes back by itself when the new version does not start", async (host) => {
  const [first, second] = [await host.release("3.2.0"), await host.release("3.3.0")];
  succeeded(await host.run(["server", "--from", first]));
  await host.write("/broken", "");
  const { code, stderr } = await host.run(["upgrade", "--from", second]);
  assert.equal(code, 1);
  assert.match(stderr, /^3\.3\.0 does not start: back to 3\.2\.0$/m);
  assert.match(await host.read(`${BIN}/portunus-server`), /3\.2\.0/);
  assert.match(succeeded(await host.run(["status"])), /^version: 3\.2\.0$/m);
});

hostTest("upgrades a client by a reload, and by a restart where that cannot be", async (host) => {
  const releases = [];
  for (const version of ["3.2.0", "3.3.0", "3.4.0"]) releases.push(await host.release(version));
  const [first = "", second = "", third = ""] = releases;
  succeeded(
    await host.run(["client", "--from", first, "--enroll", "-"], "portunus://h:1/enroll\n"),
  );
  const dropin = "/etc/systemd/system/portunus-client.service.d/10-portunus.conf";
  assert.match(
    await host.read(dropin),
    /^ExecReload=\nExecReload=\/bin\/sh -c '\{ \/usr\/local\/bin\/portunus-client --bundle \/etc\/portunus\/client\.bundle\.json --take-over & \} \| read -r _'$/m,
  );
  await host.told();
  const upgraded = succeeded(await host.run(["upgrade", "--from", second]));
  assert.match(upgraded, /^the new process took over; the connections of the old one drain$/m);
  const running = "is-active --quiet portunus-client";
  assert.deepEqual(await host.told(), ["daemon-reload", running, "reload portunus-client"]);

  await host.write("/alone", "");
  const { code, stderr } = await host.run(["upgrade", "--from", third]);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /^it cannot be taken over from: restarting$/m);
  assert.deepEqual((await host.told()).slice(2), [
    "reload portunus-client",
    "restart portunus-client",
  ]);
});

hostTest("installs nothing that it cannot verify", async (host) => {
  const release = await host.release("3.2.0");
  const archive = `${release}/portunus-3.2.0-${TARGET}.tar.gz`;
  const bytes = await Deno.readFile(archive);
  bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1;
  await Deno.writeFile(archive, bytes);
  const tampered = await host.run(["server", "--from", release]);
  assert.equal(tampered.code, 1);
  assert.match(tampered.stderr, /^error: the checksum of portunus-3\.2\.0-\S+ does not match/m);

  const list = `${release}/portunus-3.2.0-checksums.txt`;
  await Deno.writeTextFile(list, "");
  assert.match((await host.run(["server", "--from", release])).stderr, /does not have portunus-3/);
  await Deno.remove(list);
  assert.match((await host.run(["server", "--from", release])).stderr, /cannot verify/);
  assert.ok(!await host.has(`${BIN}/portunus-server`));
  assert.deepEqual(await host.told(), []);
});

hostTest("enrolls a client without showing the code", async (host) => {
  const release = await host.release("3.2.0");
  const uri = "portunus://h:1/enroll?pin=sha256:00&code=sesame";
  const plan = succeeded(
    await host.run(["client", "--enroll", uri, "--dry-run", "--from", release]),
  );
  assert.ok(!plan.includes("sesame") && plan.includes("code=***"), plan);
  assert.deepEqual([await host.has(BIN), await host.told()], [false, []], "a plan does nothing");

  const done = succeeded(
    await host.run(["client", "--enroll", "-", "--from", release], `${uri}\n`),
  );
  assert.ok(!done.includes("sesame"));
  const bundle = "/etc/portunus/client.bundle.json";
  assert.match(await host.read(bundle), /sesame/);
  assert.equal(((await Deno.stat(host.path(bundle))).mode ?? 0) & 0o777, 0o640);
  assert.ok((await host.told()).includes("enable --now portunus-client"));
});

hostTest(
  "starts neither a client without credentials nor a file that is not there",
  async (host) => {
    const release = await host.release("3.2.0");
    assert.match(succeeded(await host.run(["client", "--from", release])), /^not started: enroll/m);
    assert.match(
      succeeded(await host.run(["standalone", "--from", release])),
      /^not started: write/m,
    );
    assert.ok(!(await host.told()).some((line) => line.startsWith("enable")));
    assert.match((await host.run(["status"])).stderr, /several roles/);
    succeeded(await host.run(["uninstall", "standalone", "--purge"]));
    assert.ok(await host.has(`${BIN}/portunus-client`), "the other role still needs it");
    succeeded(await host.run(["uninstall", "client"]));
    assert.ok(!await host.has(`${BIN}/portunus-client`));
  },
);

hostTest("changes settings, and keeps the others", async (host) => {
  succeeded(await host.run(["server", "--from", await host.release("3.2.0"), "--no-service"]));
  const get = async (key: string) => succeeded(await host.run(["config", "get", key])).trim();
  assert.equal(await get("advertised-endpoint"), "<unset>");
  succeeded(await host.run(["config", "set", "operator-http-listen", "127.0.0.1:8080"]));
  await host.told();
  succeeded(await host.run(["config", "set", "advertised-endpoint", "a.example:1", "--restart"]));
  assert.deepEqual(await host.told(), ["daemon-reload", "restart portunus-server"]);
  assert.equal(await get("operator-http-listen"), "127.0.0.1:8080");
  const dropin = await host.read(DROPIN);
  assert.match(
    dropin,
    /serve --operator-http-listen 127\.0\.0\.1:8080 --advertised-endpoint a\.example:1$/m,
  );
  succeeded(await host.run(["config", "set", "data-dir", "/srv/portunus"]));
  assert.match(await host.read(DROPIN), /^ReadWritePaths=\/srv\/portunus$/m);
  assert.equal(
    succeeded(await host.run(["env"])),
    "advertised_endpoint=a.example:1\noperator_http_listen=127.0.0.1:8080\ndata_dir=/srv/portunus\n",
  );
  for (
    const [args, code] of [
      [["set", "data-dir", "relative"], 2],
      [["set", "advertised-endpoint", "no-port"], 2],
      [["set", "advertised-endpoint", "a$(id):1"], 2],
      [["get", "colour"], 1],
      [["get"], 2],
    ] as const
  ) assert.equal((await host.run(["config", ...args])).code, code, args.join(" "));
});

hostTest("tells misuse from failure", async (host) => {
  const none = await host.run([]);
  assert.deepEqual([none.code, none.stdout], [2, ""]);
  assert.match(none.stderr, /^Usage: install\.sh/);
  assert.equal((await host.run(["--help"])).code, 0);
  assert.equal((await host.run(["--nonsense"])).code, 1);
  assert.equal((await host.run(["dance"])).code, 1);
  assert.equal((await host.run(["install"])).code, 2);
  assert.equal((await host.run(["server", "--from", "/nowhere"])).code, 1);
  assert.equal((await host.run(["server", "--data-dir", "/a;rm"])).code, 2);
  assert.match((await host.run(["upgrade"])).stderr, /^error: No Portunus install detected$/m);
});
