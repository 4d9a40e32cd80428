import assert from "node:assert/strict";
import { Argument, Command, Option } from "commander";
import { skip } from "../../../tests/kit/skip.ts";
import { completionScript } from "./scripts.ts";

/** A small program with a bit of everything. */
function program(): Command {
  const root = new Command("demo-app").option("-c, --config <PATH>", "the file");
  root.command("push").description("Push: it's here").option("--dry-run", "only try")
    .addOption(new Option("--format <F>", "how").choices(["text", "json"]))
    .option("--name <NAME>", "a name");
  const group = root.command("group").description("A group");
  group.command("list").description("List").option("--all", "all of it");
  group.addCommand(
    new Command("show").addArgument(new Argument("<WHAT>", "what").choices(["one", "two"])),
  );
  return root;
}

/** What bash offers for `words`, the last of which is being typed. */
async function offered(words: readonly string[], script: string): Promise<string[]> {
  const driver = `${script}
COMP_WORDS=("$@"); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _demo_app
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, success } = await new Deno.Command("bash", {
    args: ["-c", driver, "bash", ...words],
    cwd: new URL(".", import.meta.url).pathname,
  }).output();
  const text = new TextDecoder();
  assert.ok(success, text.decode(stderr));
  return text.decode(stdout).split("\n").filter((line) => line !== "");
}

/** Whether a shell is there; says so when it is not. */
async function hasShell(shell: string): Promise<boolean> {
  try {
    await new Deno.Command(shell, { args: ["-c", "true"] }).output();
    return true;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    skip(`completion of ${shell}`, "it is not installed");
    return false;
  }
}

Deno.test("completionScript() makes bash complete commands, options and their values", async () => {
  if (!await hasShell("bash")) return;
  const script = completionScript(program(), "bash");
  const cases: [words: string[], offered: string[]][] = [
    [["demo-app", ""], ["push", "group"]],
    [["demo-app", "p"], ["push"]],
    [["demo-app", "-"], ["-c", "--config", "-h", "--help"]],
    [["demo-app", "--config", "x", "gr"], ["group"]],
    [["demo-app", "--config", "model"], ["model.ts"]],
    [["demo-app", "push", "--d"], ["--dry-run"]],
    [["demo-app", "push", "--format", ""], ["text", "json"]],
    [["demo-app", "push", "--format", "j"], ["json"]],
    [["demo-app", "push", "--format", "=", "t"], ["text"]],
    [["demo-app", "push", "--format", "="], ["text", "json"]],
    [["demo-app", "push", "--name", ""], []],
    [["demo-app", "group", ""], ["list", "show"]],
    [["demo-app", "group", "list", "--a"], ["--all"]],
    [["demo-app", "group", "show", "t"], ["two"]],
  ];
  for (const [words, expected] of cases) {
    assert.deepEqual(await offered(words, script), expected, words.join(" "));
  }
});

Deno.test("completionScript() is for fish a line for each thing and its place", () => {
  const lines = completionScript(program(), "fish").split("\n");
  for (
    const line of [
      `complete -c demo-app -n '__demo_app_at ""' -a 'push' -d 'Push: it\\'s here'`,
      `complete -c demo-app -n '__demo_app_at ""' -s c -l config -r -F -d 'the file'`,
      `complete -c demo-app -n '__demo_app_at " push"' -l format -x -a 'text json' -d 'how'`,
      `complete -c demo-app -n '__demo_app_at " push"' -l name -x -d 'a name'`,
      `complete -c demo-app -n '__demo_app_at " group list"' -l all -d 'all of it'`,
      `complete -c demo-app -n '__demo_app_at " group show"' -a 'two' -d 'what'`,
    ]
  ) assert.ok(lines.includes(line), line);
});

Deno.test("completionScript() is for zsh a script with descriptions", () => {
  const script = completionScript(program(), "zsh");
  assert.match(script, /^#compdef demo-app\n/);
  assert.ok(script.includes(`'push:Push\\: it'\\''s here'`), script);
  assert.ok(script.includes(`(' push --format') compadd -- 'text' 'json'; return ;;`), script);
  assert.ok(script.includes(`(' -c'|' --config') _files; return ;;`), script);
});
