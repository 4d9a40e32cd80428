import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { FakeClock } from "../../../tests/kit/fake_clock.ts";
import type { ScreenTerminal } from "../../system/screen_terminal.ts";
import type { Hello } from "../stats_messages.ts";
import type { StatsMessage } from "../stats_reader.ts";
import { showDashboard } from "./run.ts";

const ENTER = "\x1b[?1049h";
const LEAVE = "\x1b[?25h\x1b[?1049l";

const HELLO: Hello = {
  v: 1,
  daemon_version: "3.2.0",
  daemon_started_at_ms: 0,
  refresh_ms: 1_000,
  rules: [{
    id: "1",
    name: "web",
    proto: "tcp",
    listen: "8080",
    targets: [{ host: "192.0.2.1", port: 80, priority: 0, proxy_protocol: null }],
    splice_capable: true,
    udp_max_flows: null,
    sni_pattern: null,
  }],
};

/** A terminal in memory. Its events are the test's. */
class FakeTerminal implements ScreenTerminal {
  /** Everything that was written. */
  screen = "";
  isRaw = false;
  width = 80;
  /** Thrown by the next write, once. */
  failure: Error | null = null;
  resized: () => void = () => assert.fail("nobody listens");
  stopped: () => void = () => assert.fail("nobody listens");
  readonly #keys = Promise.withResolvers<string>();

  isTerminal = () => true;
  size = () => ({ width: this.width, height: 24 });

  setRaw(mode: boolean): void {
    this.isRaw = mode;
  }

  write(text: string): void {
    const { failure } = this;
    this.failure = null;
    if (failure !== null) throw failure;
    this.screen += text;
  }

  press(keys: string): void {
    this.#keys.resolve(keys);
  }

  async *typed(): AsyncIterable<string> {
    yield await this.#keys.promise;
    await Promise.withResolvers<never>().promise;
  }

  onResize(fn: () => void): Disposable {
    this.resized = fn;
    return { [Symbol.dispose]: () => void (this.resized = () => assert.fail("over")) };
  }

  onStop(fn: () => void): Disposable {
    this.stopped = fn;
    return { [Symbol.dispose]: () => void (this.stopped = () => assert.fail("over")) };
  }
}

/** A dashboard that has drawn its first frame, and the daemon's end of it. */
async function start() {
  const terminal = new FakeTerminal();
  const clock = new FakeClock();
  const next = Promise.withResolvers<StatsMessage | null>();
  async function* messages(): AsyncGenerator<StatsMessage> {
    yield { kind: "hello", hello: HELLO, json: HELLO };
    const message = await next.promise;
    if (message !== null) yield message;
  }
  const over = showDashboard(messages(), {
    terminal,
    clock,
    probe: () => Promise.withResolvers<never>().promise,
    isColoured: false,
  });
  while (!terminal.screen.includes("web")) await turn();
  assert.equal(terminal.isRaw, true);
  assert.ok(terminal.screen.startsWith(ENTER));
  return { terminal, clock, daemon: next, over };
}

/** Whether everything is as before the dashboard. */
function assertRestored(terminal: FakeTerminal, clock: FakeClock): void {
  assert.ok(terminal.screen.endsWith(LEAVE), JSON.stringify(terminal.screen.slice(-80)));
  assert.equal(terminal.isRaw, false);
  assert.equal(clock.pending, 0);
}

Deno.test("showDashboard() draws again, as wide as it is now, when the terminal is resized", async () => {
  const { terminal, clock, over } = await start();
  /** The third line of the last frame, without its styles. */
  const line = () => {
    const [, rest = ""] = terminal.screen.slice(terminal.screen.lastIndexOf("\x1b[3;1H")).split(
      ";1H",
    );
    // deno-lint-ignore no-control-regex -- that is what styles are made of.
    return rest.replace(/\x1b\[\d*m/g, "").replace(/\x1b.*$/s, "");
  };
  assert.equal(line().length, 80);
  terminal.width = 120;
  terminal.resized();
  assert.equal(line().length, 120);
  terminal.press("q");
  await over;
  assertRestored(terminal, clock);
});

Deno.test("showDashboard() gives the terminal back when it is told to stop", async () => {
  const { terminal, clock, over } = await start();
  terminal.stopped();
  await over;
  assertRestored(terminal, clock);
});

Deno.test("showDashboard() gives the terminal back when the daemon ends, or breaks off", async () => {
  for (const end of [null, new Error("a line is too long")]) {
    const { terminal, clock, daemon, over } = await start();
    if (end === null) daemon.resolve(null);
    else daemon.reject(end);
    if (end === null) await over;
    else await assert.rejects(over, end);
    assertRestored(terminal, clock);
  }
});

Deno.test("showDashboard() gives the terminal back when drawing fails", async () => {
  const { terminal, clock, over } = await start();
  terminal.failure = new Error("EIO");
  terminal.resized();
  await assert.rejects(over, { message: "EIO" });
  assertRestored(terminal, clock);
});
