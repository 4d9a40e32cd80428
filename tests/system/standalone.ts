/**
 * `portunus-client standalone` as a process, from source and as it is built.
 *
 * @module
 */

import assert from "node:assert/strict";
import { TestConn, untilRefused } from "../kit/conn.ts";
import { freePort } from "../kit/ports.ts";
import { TestProcess } from "../kit/process.ts";
import type { Programs } from "../kit/programs.ts";
import { echoTarget } from "../kit/targets.ts";

/** A directory with a configuration file, and the program to run with it. */
class Standalone implements AsyncDisposable {
  readonly directory = Deno.makeTempDirSync();
  readonly path = `${this.directory}/portunus.toml`;
  readonly socket = `${this.directory}/run/stats.sock`;
  readonly #programs: Programs;
  readonly #processes = new AsyncDisposableStack();

  constructor(programs: Programs) {
    this.#programs = programs;
  }

  /** Writes the file as editors do: another one takes its place. */
  async write(...rules: string[]): Promise<void> {
    const head = `[global]\nlog_level = "info"\n[stats]\nsocket_path = "${this.socket}"\n`;
    await Deno.writeTextFile(`${this.path}.new`, head + rules.join(""));
    await Deno.rename(`${this.path}.new`, this.path);
  }

  run(...args: string[]): TestProcess {
    return this.#processes.use(
      new TestProcess({
        name: `standalone ${args.join(" ")}`,
        command: [...this.#programs.client, ...args],
        env: { ...this.#programs.env, HOME: this.directory },
        cwd: this.directory,
      }),
    );
  }

  async start(): Promise<TestProcess> {
    const daemon = this.run("standalone", "--config", this.path);
    await daemon.event("standalone.started");
    return daemon;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#processes.disposeAsync();
    await Deno.remove(this.directory, { recursive: true });
  }
}

const rule = (name: string, listen: number, target: number) =>
  `[[rule]]\nname = "${name}"\nlisten_port = ${listen}\ntarget = "127.0.0.1:${target}"\n`;

const exists = (path: string): Promise<boolean> => Deno.lstat(path).then(() => true, () => false);

/** The tests, under `label`, of the programs that `programs` gives. */
export function standaloneTests(label: string, programs: () => Programs): void {
  const test = (name: string, fn: (it: Standalone) => Promise<void>) =>
    Deno.test(`standalone, ${label}: ${name}`, async () => {
      await using it = new Standalone(programs());
      await fn(it);
    });
  test("forwards, tells how it does, and leaves nothing behind", forwards);
  test("a connection outlives a reload that does not concern its rule", outlivesReload);
  test("a bad file changes nothing and says why, in one line", refusesBadFile);
  test("two rules swap their ports in one reload", swapsPorts);
  test("is replaced by another one, which takes over what it does", isReplaced);
  test("exit statuses", exitStatuses);
}

async function forwards(it: Standalone): Promise<void> {
  await using target = echoTarget();
  const port = freePort();
  await it.write(rule("web", port, target.port));
  const daemon = await it.start();
  using conn = await TestConn.open(port);
  assert.equal(await conn.echo("hello"), "hello");

  const once = it.run("stats", "--socket", it.socket, "--once");
  assert.equal(await once.status, 0);
  const { hello, snapshot } = JSON.parse(await once.stdout());
  assert.partialDeepStrictEqual(hello, { v: 1, rules: [{ name: "web", listen: `${port}` }] });
  assert.partialDeepStrictEqual(snapshot, { seq: 1, r: [{ in: 5, out: 5, conns_total: 1 }] });
  const { mode } = await Deno.stat(it.socket);
  assert.equal((mode ?? 0) & 0o777, 0o660);
  await daemon.event("standalone.stats", { rule_name: "web" });

  conn[Symbol.dispose]();
  assert.equal(await daemon.stop(), 0);
  assert.deepEqual([await exists(it.socket), daemon.logs.lines.at(-1)?.event], [
    false,
    "standalone.stopped",
  ]);
}

async function outlivesReload(it: Standalone): Promise<void> {
  await using target = echoTarget();
  const [kept, first, second] = [freePort(), freePort(), freePort()];
  await it.write(rule("kept", kept, target.port), rule("other", first, target.port));
  const daemon = await it.start();
  using conn = await TestConn.open(kept);
  assert.equal(await conn.echo("before"), "before");

  await it.write(rule("kept", kept, target.port), rule("other", second, target.port));
  await daemon.event("config.reloaded", { unchanged: 1, changed: 1, failed: 0 });
  assert.equal(await conn.echo("after"), "after");
  using moved = await TestConn.open(second);
  assert.equal(await moved.echo("moved"), "moved");
  await untilRefused(first);

  const mark = daemon.mark();
  daemon.signal("SIGHUP");
  await daemon.event("config.reloaded", { unchanged: 2 }, mark);
  assert.equal(await conn.echo("again"), "again");
}

async function isReplaced(it: Standalone): Promise<void> {
  await using target = echoTarget();
  const [kept, other] = [freePort(), freePort()];
  await it.write(rule("kept", kept, target.port));
  const daemon = await it.start();
  using conn = await TestConn.open(kept);
  assert.equal(await conn.echo("before"), "before");

  // What cannot start leaves the one that runs alone.
  using taken = Deno.listen({ hostname: "::", port: 0 });
  const broken = `${it.directory}/broken.toml`;
  await Deno.writeTextFile(
    broken,
    `[stats]\nsocket_path = "${it.socket}"\n${rule("kept", taken.addr.port, target.port)}`,
  );
  const refused = it.run("standalone", "--config", broken, "--take-over");
  assert.equal(await refused.status, 1);
  await refused.stderrLine("error: cannot take over: refused: it is to do something else");
  assert.equal(await conn.echo("still"), "still");

  // The file may have changed: it is the new one's that counts.
  const mark = daemon.mark();
  await it.write(rule("kept", kept, target.port), rule("other", other, target.port));
  await daemon.event("config.reloaded", { added: 1 }, mark);
  const next = it.run("standalone", "--config", it.path, "--take-over");
  await next.event("standalone.took_over", { pid: daemon.pid });
  await next.event("standalone.started");
  assert.equal(await conn.echo("after"), "after");
  for (const port of [kept, other]) {
    using fresh = await TestConn.open(port);
    assert.equal(await fresh.echo("fresh"), "fresh");
  }
  conn[Symbol.dispose]();
  assert.equal(await daemon.status, 0);
  const once = it.run("stats", "--socket", it.socket, "--once");
  assert.equal(await once.status, 0);
  assert.equal(await next.stop(), 0);
}

async function refusesBadFile(it: Standalone): Promise<void> {
  await using target = echoTarget();
  const port = freePort();
  await it.write(rule("web", port, target.port));
  const daemon = await it.start();
  await it.write(rule("web", port, target.port), "lisen_port = 1\n");
  const { fields } = await daemon.event("config.reload_failed");
  assert.match(String(fields["error"]), /^9:1: .*`lisen_port`, did you mean `listen_port`\?$/);
  using conn = await TestConn.open(port);
  assert.equal(await conn.echo("still"), "still");
  const mark = daemon.mark();
  await Deno.remove(it.path);
  await daemon.event("config.reload_failed", {}, mark);
  assert.equal(await conn.echo("there"), "there");
}

async function swapsPorts(it: Standalone): Promise<void> {
  await using first = echoTarget();
  await using other = echoTarget();
  const [a, b] = [freePort(), freePort()];
  await it.write(rule("one", a, first.port), rule("two", b, other.port));
  const daemon = await it.start();
  await it.write(rule("one", b, first.port), rule("two", a, other.port));
  await daemon.event("config.reloaded", { changed: 2, failed: 0 });
  for (const port of [a, b]) {
    using conn = await TestConn.open(port);
    assert.equal(await conn.echo("swapped"), "swapped");
  }
}

async function exitStatuses(it: Standalone): Promise<void> {
  using taken = Deno.listen({ hostname: "::", port: 0 });
  const { port } = taken.addr;
  await it.write(rule("web", port, 1));
  const check = it.run("standalone", "-c", it.path, "--check");
  assert.deepEqual([await check.status, await check.stdout()], [0, "ok\n"]);
  const failed = it.run("standalone", "-c", it.path);
  assert.equal(await failed.status, 1);
  await failed.stderrLine("error: 1 rule(s) failed to bind:");
  await failed.stderrLine(`  - web (6031893456108606744): port_in_use`);

  await it.write('[[rule]]\nname = "x"\nlisten_port = 1\ntarget = "a_b:1"\n');
  assert.equal(await it.run("standalone", "-c", it.path, "--check").status, 2);
  const refused = it.run("standalone", "-c", it.path);
  assert.equal(await refused.status, 1);
  await refused.stderrLine("standalone.rules_iter_failed");

  const missing = it.run("standalone", "-c", `${it.path}.missing`);
  assert.equal(await missing.status, 2);
  await missing.stderrLine("error: io error: ");
  const nobody = it.run("stats", "--socket", it.socket, "--once");
  assert.equal(await nobody.status, 2);
  await nobody.stderrLine("error: stats --once: cannot connect to ");
}
