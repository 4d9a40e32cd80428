import assert from "node:assert/strict";
import { FakeIo } from "../../tests/kit/fake_io.ts";
import {
  createProgram,
  markRepeatable,
  runProgram,
  unsigned,
  unsignedNumber,
} from "./command_line.ts";
import { Option } from "commander";

/** Runs a small program; `seen` is what its command was given. */
async function run(...args: readonly string[]) {
  const io = new FakeIo();
  const status = { code: 0 };
  const seen: unknown[] = [];
  const program = createProgram("demo", "A demo.", io).option("--dir <PATH>", "a global option");
  program.command("go")
    .description("Goes")
    .argument("[place...]")
    .option("--dir <PATH>", "a global option")
    .option("--name <NAME>", "a name")
    .option("--dry", "a flag")
    .addOption(new Option("--port <N>", "a number").argParser(unsignedNumber(65_535, 1)))
    .addOption(markRepeatable(
      new Option("--target <T>", "one of many").argParser((value, all: string[] = []) => [
        ...all,
        value,
      ]),
    ))
    .action((places: string[], _flags: unknown, command) => {
      seen.push(places, command.optsWithGlobals());
      status.code = 7;
    });
  const code = await runProgram(program, args, status);
  return { code, seen, out: io.stdout.join("\n"), err: io.stderr.join("\n") };
}

Deno.test("runProgram() returns the status that the action left", async () => {
  const { code, seen, err } = await run("go", "a", "--name", "x", "b", "--port=80");
  assert.equal(code, 7);
  assert.deepEqual(seen, [["a", "b"], { name: "x", port: 80 }]);
  assert.equal(err, "");
});

Deno.test("runProgram() answers usage errors on stderr with a hint and exit 2", async () => {
  const cases = [
    ["go", "--nmae", "x"],
    ["go", "--nam", "x"],
    ["go", "--name"],
    ["go", "--dry=1"],
    ["og"],
    ["--verbose"],
    ["go", "--port", "0"],
    ["go", "--port", "65536"],
    ["go", "--port", "1x"],
    ["go", "--version"],
    ["go", "-x"],
  ];
  for (const args of cases) {
    const { code, out, err, seen } = await run(...args);
    assert.equal(code, 2, args.join(" "));
    assert.match(err, /^error: /, args.join(" "));
    assert.match(err, /--help/);
    assert.deepEqual([out, seen], ["", []]);
  }
});

Deno.test("runProgram() refuses an option given twice, before or after the command", async () => {
  for (
    const args of [
      ["go", "--name", "a", "--name", "b"],
      ["go", "--name=a", "--name=a"],
      ["go", "--dry", "--dry"],
      ["--dir", "a", "go", "--dir", "b"],
      ["--dir", "a", "--dir", "b", "go"],
    ]
  ) {
    const { code, err } = await run(...args);
    assert.equal(code, 2, args.join(" "));
    assert.match(err, /^error: the option '--\w+( <\w+>)?' cannot be used more than once/);
  }
  const { seen } = await run("go", "--target", "a", "--target=b");
  assert.deepEqual(seen[1], { target: ["a", "b"] });
});

Deno.test("runProgram() takes a value that begins with a dash only after =", async () => {
  for (const args of [["go", "--name", "-x"], ["go", "--name", "--dry"], ["go", "--name", "--"]]) {
    const { code, err } = await run(...args);
    assert.equal(code, 2, args.join(" "));
    assert.match(err, /^error: /);
  }
  assert.deepEqual((await run("go", "--name=-x")).seen[1], { name: "-x" });
  assert.deepEqual((await run("go", "--name=--dry=1")).seen[1], { name: "--dry=1" });
  assert.deepEqual((await run("go", "--name", "-")).seen[1], { name: "-" });
  assert.deepEqual((await run("go", "--name=")).seen[1], { name: "" });
});

Deno.test("runProgram() takes everything after -- for arguments", async () => {
  const { seen } = await run("go", "--dry", "--", "--name", "--name", "-x");
  assert.deepEqual(seen, [["--name", "--name", "-x"], { dry: true }]);
});

Deno.test("runProgram() takes global options before and after the command", async () => {
  assert.deepEqual((await run("--dir", "a", "go")).seen[1], { dir: "a" });
  assert.deepEqual((await run("go", "--dir", "a")).seen[1], { dir: "a" });
  assert.deepEqual((await run("--dir", "go", "go", "--name", "go")).seen[1], {
    dir: "go",
    name: "go",
  });
});

Deno.test("runProgram() prints help and version on stdout with exit 0", async () => {
  for (
    const args of [["--help"], ["-h"], ["help"], ["go", "--help"], ["help", "go"], ["go", "-h"]]
  ) {
    const { code, out, err } = await run(...args);
    assert.equal(code, 0, args.join(" "));
    assert.match(out, args.includes("go") ? /^Usage: demo go / : /^Usage: demo /);
    assert.equal(err, "");
  }
  for (const flag of ["-V", "--version"]) {
    const { code, out, err } = await run(flag);
    assert.deepEqual([code, out, err], [0, "demo 3.2.0", ""]);
  }
});

Deno.test("runProgram() prints the help of a command of a command", async () => {
  async function helpOf(...args: readonly string[]) {
    const io = new FakeIo();
    const program = createProgram("demo", "A demo.", io);
    program.command("group").command("leaf").description("Of a group").action(() => undefined);
    const code = await runProgram(program, args, { code: 0 });
    return { code, out: io.stdout.join("\n"), err: io.stderr.join("\n") };
  }
  for (
    const args of [["help", "group", "leaf"], ["group", "leaf", "-h"], ["group", "help", "leaf"]]
  ) {
    const { code, out, err } = await helpOf(...args);
    assert.deepEqual([code, err], [0, ""], args.join(" "));
    assert.match(out, /^Usage: demo group leaf /);
  }
  const wrong = await helpOf("help", "group", "laef");
  assert.deepEqual([wrong.code, wrong.out], [2, ""]);
  assert.match(wrong.err, /^error: unknown command 'laef'\n\(Did you mean leaf\?\)/);
});

Deno.test("runProgram() suggests a command where the program itself does something", async () => {
  const io = new FakeIo();
  const program = createProgram("demo", "A demo.", io).action(() => undefined);
  program.command("enroll").action(() => undefined);
  assert.equal(await runProgram(program, ["enrol"], { code: 0 }), 2);
  assert.match(io.stderr.join("\n"), /^error: unknown command 'enrol'\n\(Did you mean enroll\?\)/);
  assert.equal(await runProgram(program, [], { code: 0 }), 0);
});

Deno.test("runProgram() prints help on stderr with exit 2 when no command is given", async () => {
  for (const args of [[], ["--dir", "a"]]) {
    const { code, out, err } = await run(...args);
    assert.equal(code, 2);
    assert.match(err, /^Usage: demo /);
    assert.equal(out, "");
  }
});

Deno.test("unsigned() takes decimal integers within its bounds", () => {
  const u64 = unsigned(2n ** 64n - 1n);
  assert.equal(u64("18446744073709551615"), 2n ** 64n - 1n);
  assert.equal(u64("+007"), 7n);
  for (const text of ["", "18446744073709551616", "-1", "1.0", "1e3", "0x1", " 1", "１", "+"]) {
    assert.throws(() => u64(text), /expected a whole number from 0 to 18446744073709551615/, text);
  }
  assert.throws(() => unsigned(5, 2)("1"));
  assert.equal(unsignedNumber(5, 2)("5"), 5);
});
