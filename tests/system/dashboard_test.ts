import assert from "node:assert/strict";
import { freePort } from "../kit/ports.ts";
import { TestProcess } from "../kit/process.ts";
import { sourcePrograms } from "../kit/programs.ts";
import { skip } from "../kit/skip.ts";

const hasScript = (): Promise<boolean> =>
  Deno.stat("/usr/bin/script").then(() => true, () => false);

/** The dashboard of a standalone client, on a terminal of script(1). */
interface OnTerminal extends AsyncDisposable {
  readonly terminal: Deno.ChildProcess;
}

async function openDashboard(): Promise<OnTerminal> {
  await using stack = new AsyncDisposableStack();
  const programs = sourcePrograms();
  const directory = await Deno.makeTempDir();
  stack.defer(() => Deno.remove(directory, { recursive: true }));
  const [config, socket] = [`${directory}/x.toml`, `${directory}/s.sock`];
  await Deno.writeTextFile(
    config,
    `[global]\nlog_level = "info"\n[stats]\nsocket_path = "${socket}"\nrefresh_ms = 250\n` +
      `[[rule]]\nname = "web"\nlisten_port = ${freePort()}\ntarget = "127.0.0.1:1"\n`,
  );
  const daemon = stack.use(
    new TestProcess({
      name: "standalone",
      command: [...programs.client, "standalone", "-c", config],
      env: { ...programs.env, HOME: directory },
    }),
  );
  await daemon.event("standalone.started");
  const shell = [
    "stty cols 80 rows 24",
    [...programs.client, "stats", "--socket", socket].map((it) => `'${it}'`).join(" "),
    // What the terminal is like afterwards.
    "echo; stty -a",
  ].join("; ");
  const terminal = new Deno.Command("/usr/bin/script", {
    args: ["--quiet", "--return", "--command", shell, "/dev/null"],
    env: { ...programs.env, PATH: "/usr/bin:/bin", HOME: directory, TERM: "xterm" },
    clearEnv: true,
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const owned = stack.move();
  return { terminal, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Fails unless the last thing drawn was what gives the terminal back, and it echoes again. */
function assertGivenBack(screen: string): void {
  const end = screen.lastIndexOf("\x1b[?25h\x1b[?1049l");
  const rest = screen.slice(end);
  assert.ok(end > 0 && !rest.includes("\x1b[?1049h"), JSON.stringify(screen.slice(-400)));
  assert.match(rest, /(^|\s)icanon\b/);
  assert.match(rest, /(^|\s)echo\b/);
}

Deno.test("the dashboard draws on a real terminal of 80x24, obeys keys and gives it back", async () => {
  if (!await hasScript()) return skip("the dashboard on a terminal", "script(1) is not there");
  await using dashboard = await openDashboard();
  const screen = await drive(dashboard.terminal, [["out rate", "\r"], ["Capabilities", "q"]]);
  assert.ok(screen.startsWith("\x1b[?1049h"), JSON.stringify(screen.slice(0, 200)));
  assertGivenBack(screen);
  // The last line is the 24th, and without colours as NO_COLOR asks.
  assert.ok(screen.includes("\x1b[24;1H") && !screen.includes("\x1b[25;1H"));
  assert.ok(!screen.includes("\x1b[32m"));
  assert.equal((await dashboard.terminal.status).code, 0);
});

Deno.test("the dashboard follows its terminal's size, and gives it back on SIGTERM", async () => {
  if (!await hasScript()) return skip("the dashboard on a terminal", "script(1) is not there");
  await using dashboard = await openDashboard();
  const pid = dashboard.terminal.pid;
  const resize = async () => {
    const path = await Deno.readLink(`/proc/${statsProcess(pid)}/fd/0`);
    const stty = new Deno.Command("/usr/bin/stty", {
      args: ["-F", path, "cols", "100", "rows", "40"],
    });
    assert.ok((await stty.output()).success);
  };
  const screen = await drive(dashboard.terminal, [
    ["out rate", resize],
    ["\x1b[40;1H", () => Deno.kill(statsProcess(pid), "SIGTERM")],
  ]);
  assertGivenBack(screen);
});

/** The program that script(1) runs: the last of its descendants. */
function statsProcess(pid: number): number {
  const children = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`).trim().split(" ");
  const [child] = children.filter((it) => it !== "").map(Number);
  return child === undefined ? pid : statsProcess(child);
}

/** What to do once something was drawn: keys to press, or anything else. */
type Step = readonly [seen: string, act: string | (() => void | Promise<void>)];

/** Takes the steps one after another; what was written in all. */
async function drive(terminal: Deno.ChildProcess, script: readonly Step[]): Promise<string> {
  const steps = [...script];
  const writer = terminal.stdin.getWriter();
  let screen = "";
  for await (const text of terminal.stdout.pipeThrough(new TextDecoderStream())) {
    screen += text;
    const [step] = steps;
    if (step === undefined || !screen.includes(step[0])) continue;
    steps.shift();
    const [, act] = step;
    if (typeof act === "string") await writer.write(new TextEncoder().encode(act));
    else await act();
  }
  await writer.close().catch(() => {/* The program has ended. */});
  assert.deepEqual(steps, [], `not everything was drawn: ${JSON.stringify(screen.slice(-2_000))}`);
  return screen;
}
