import assert from "node:assert/strict";
import { type Lab, labTest } from "../kit/lab.ts";
import { skip } from "../kit/skip.ts";

const PASSWORD = "correct horse battery";

/** `words` as a command line of a POSIX shell. */
const quoted = (words: readonly string[]) =>
  words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");

/** A command on a terminal of its own, made by script(1). */
class Typed implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #keys: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #screen: ReadableStreamDefaultReader<string>;
  /** Everything the terminal showed so far. */
  shown = "";

  constructor(lab: Lab, command: string) {
    this.#child = new Deno.Command("script", {
      args: ["-q", "-e", "-f", "-c", command, "/dev/null"],
      env: { ...lab.programs.env, HOME: lab.dir, SHELL: "/bin/sh", RUST_LOG: "off" },
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#keys = this.#child.stdin.getWriter();
    this.#screen = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  async until(text: string): Promise<void> {
    while (!this.shown.includes(text)) {
      const { value, done } = await this.#screen.read();
      assert.ok(!done, `no ${text}: ${this.shown}`);
      this.shown += value;
    }
  }

  async type(text: string): Promise<void> {
    await this.#keys.write(new TextEncoder().encode(text));
  }

  /** Reads to the end; returns the exit status. */
  async end(): Promise<number> {
    for (;;) {
      const { value, done } = await this.#screen.read();
      if (done) return (await this.#child.status).code;
      this.shown += value;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await this.#child.status;
    await this.#screen.cancel();
    await this.#keys.close().catch(() => undefined);
  }
}

/** Runs `reset-password` on a terminal; the shell says afterwards whether that echoes. */
function resetPassword(lab: Lab): Typed {
  const dataDir = lab.path("server");
  const reset = [...lab.programs.server, "reset-password", "_superadmin", "--data-dir", dataDir];
  return new Typed(
    lab,
    `${quoted(reset)}; echo "status $?"; stty -a | grep -o -- '-*\\becho\\b'; exit 0`,
  );
}

function terminalTest(name: string, run: (lab: Lab) => Promise<void>): void {
  labTest(name, async (lab) => {
    try {
      await new Deno.Command("script", { args: ["--version"] }).output();
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      return skip(name, "script(1) is not installed");
    }
    await lab.bootstrap(lab.path("server"));
    await run(lab);
  });
}

terminalTest("reset-password asks twice on a terminal and shows nothing", async (lab) => {
  await using terminal = resetPassword(lab);
  await terminal.until("New password: ");
  await terminal.type(`${PASSWORD}\r`);
  await terminal.until("Confirm password: ");
  await terminal.type(`${PASSWORD}\r`);
  assert.equal(await terminal.end(), 0);
  assert.match(terminal.shown, /password_reset=ok user_id=_superadmin sessions_revoked=0\r\n/);
  assert.match(terminal.shown, /status 0\r\necho\r\n/);
  assert.ok(!terminal.shown.includes("horse"), terminal.shown);
});

terminalTest("Ctrl-C at a password leaves it as it was, and the terminal in order", async (lab) => {
  await using terminal = resetPassword(lab);
  await terminal.until("New password: ");
  await terminal.type("correct\x03");
  assert.equal(await terminal.end(), 0);
  assert.match(terminal.shown, /error: read_password_tty: .*\r\nstatus 1\r\necho\r\n/);
  assert.ok(!terminal.shown.includes("correct"), terminal.shown);
});
