import assert from "node:assert/strict";
import { freePort } from "../kit/ports.ts";
import { TestProcess } from "../kit/process.ts";
import { sourcePrograms } from "../kit/programs.ts";
import { skip } from "../kit/skip.ts";

const hasScript = (): Promise<boolean> =>
  Deno.stat("/usr/bin/script").then(() => true, () => false);

Deno.test("the dashboard draws on a real terminal of 80x24, obeys keys and gives it back", async () => {
  if (!await hasScript()) return skip("the dashboard on a terminal", "script(1) is not there");
  const programs = sourcePrograms();
  const directory = await Deno.makeTempDir();
  const [config, socket] = [`${directory}/x.toml`, `${directory}/s.sock`];
  await Deno.writeTextFile(
    config,
    `[global]\nlog_level = "info"\n[stats]\nsocket_path = "${socket}"\nrefresh_ms = 250\n` +
      `[[rule]]\nname = "web"\nlisten_port = ${freePort()}\ntarget = "127.0.0.1:1"\n`,
  );
  try {
    await using daemon = new TestProcess({
      name: "standalone",
      command: [...programs.client, "standalone", "-c", config],
      env: { ...programs.env, HOME: directory },
    });
    await daemon.event("standalone.started");
    const shell = [
      "stty cols 80 rows 24",
      [...programs.client, "stats", "--socket", socket].map((it) => `'${it}'`).join(" "),
    ].join("; ");
    const terminal = new Deno.Command("/usr/bin/script", {
      args: ["--quiet", "--return", "--command", shell, "/dev/null"],
      env: { ...programs.env, PATH: "/usr/bin:/bin", HOME: directory, TERM: "xterm" },
      clearEnv: true,
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const screen = await drive(terminal);
    assert.ok(screen.startsWith("\x1b[?1049h"), JSON.stringify(screen.slice(0, 200)));
    assert.ok(
      screen.trimEnd().endsWith("\x1b[?25h\x1b[?1049l"),
      JSON.stringify(screen.slice(-200)),
    );
    // The last line is the 24th, and without colours as NO_COLOR asks.
    assert.ok(screen.includes("\x1b[24;1H") && !screen.includes("\x1b[25;1H"));
    assert.ok(!screen.includes("\x1b[32m"));
    assert.equal((await terminal.status).code, 0);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

/** Opens the details once there is a table, and quits once they are there; what was written. */
async function drive(terminal: Deno.ChildProcess): Promise<string> {
  const steps: [seen: string, keys: string][] = [["out rate", "\r"], ["Capabilities", "q"]];
  const writer = terminal.stdin.getWriter();
  let screen = "";
  for await (const text of terminal.stdout.pipeThrough(new TextDecoderStream())) {
    screen += text;
    const [step] = steps;
    if (step === undefined || !screen.includes(step[0])) continue;
    steps.shift();
    await writer.write(new TextEncoder().encode(step[1]));
  }
  await writer.close().catch(() => {/* The program has ended. */});
  assert.deepEqual(steps, [], `not everything was drawn: ${JSON.stringify(screen.slice(-2_000))}`);
  return screen;
}
