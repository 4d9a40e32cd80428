import assert from "node:assert/strict";
import type { Command } from "commander";
import { buildProgram as buildServer } from "../../src/cli/program.ts";
import { buildProgram as buildClient } from "../../src/client/program.ts";
import { FakeIo } from "../kit/fake_io.ts";
import { HTTP_EXIT_CODES } from "../kit/exit_codes.ts";
import { type Case, parseCase } from "./case_file.ts";
import { caseFiles, CASES } from "./cases.ts";
import { CLIENT_ROWS, FAMILIES, type Row, ROWS, TESTED_ELSEWHERE } from "./contract.ts";

const cases: readonly Case[] = await Promise.all(
  caseFiles().map(async (name) => parseCase(await Deno.readTextFile(`${CASES}/${name}`))),
);

const programs = [buildServer, buildClient].map((build) => build(new FakeIo(), { code: 0 }));

/** Commands that do something, each with the words that lead to it. */
function leaves(command: Command, path: string): { path: string; command: Command }[] {
  return command.commands.flatMap((it) => {
    const below = `${path} ${it.name()}`;
    const isGroup = it.commands.length > 0 && it.name() !== "standalone";
    return isGroup ? leaves(it, below) : [{ path: below, command: it }, ...leaves(it, below)];
  });
}

const lineOf = ({ program, args }: Case) => [program, ...args].join(" ");
const runs = (it: Case, path: string) => `${lineOf(it)} `.startsWith(`${path} `);
const commands = programs.flatMap((program) => leaves(program, program.name()));

Deno.test("the golden suite has the help of every command", () => {
  const missing = commands.filter(({ path }) =>
    !cases.some((it) => lineOf(it) === `${path} --help` && it.exit === 0)
  );
  assert.deepEqual(missing.map(({ path }) => path), []);
});

Deno.test("the golden suite has a success of every command, in every format", () => {
  const missing = commands.flatMap(({ path, command }) => {
    if (TESTED_ELSEWHERE.has(path)) return [];
    const successes = cases.filter((it) =>
      it.exit === 0 && runs(it, path) && !it.args.some((arg) => /^(-h|--help)$/.test(arg))
    );
    if (successes.length === 0) return [path];
    const format = command.options.find(({ long }) => long === "--format");
    return (format?.argChoices ?? []).filter((choice) =>
      choice !== format?.defaultValue &&
      !successes.some((it) => /--format[= ](\w+)/.exec(lineOf(it))?.[1] === choice)
    ).map((choice) => `${path} --format ${choice}`);
  });
  assert.deepEqual(missing, []);
});

/** Options of every command, or nearly: one case of any command is enough for each. */
const SHARED = new Set([
  "--data-dir",
  "--advertised-endpoint",
  "--http-endpoint",
  "--endpoint-url",
  "--ca-file",
  "--log-level",
  "--log-format",
]);

Deno.test("the golden suite has every option of every command", () => {
  const missing = commands.flatMap(({ path, command }) => {
    const own = command.options.map(({ long }) => long ?? "").filter((it) => !SHARED.has(it));
    return own.filter((option) => !cases.some((it) => runs(it, path) && gives(it, option)))
      .map((option) => `${path} ${option}`);
  });
  const shared = [...SHARED].filter((option) => !cases.some((it) => gives(it, option)));
  assert.deepEqual([...missing, ...shared], []);
});

const gives = ({ args }: Case, option: string) =>
  args.some((arg) => arg === option || arg.startsWith(`${option}=`));

Deno.test("the golden suite has every code with an exit status of its own, in its family", () => {
  const missing = Object.entries(HTTP_EXIT_CODES).flatMap(([family, rows]) =>
    Object.entries(rows).flatMap(([exit, codes]) =>
      codes.filter((code) =>
        !has("portunus-server", {
          command: FAMILIES[family as keyof typeof FAMILIES],
          exit: Number(exit),
          shows: new RegExp(`^error: ${RegExp.escape(code)}[ :]`, "m"),
        })
      ).map((code) => `${family} ${exit} ${code}`)
    )
  );
  assert.deepEqual(missing, []);
});

Deno.test("the golden suite has every row of the contract", () => {
  const missing = [
    ...ROWS.filter((row) => !has("portunus-server", row)),
    ...CLIENT_ROWS.filter((row) => !has("portunus-client", row)),
  ];
  assert.deepEqual(missing, []);
});

function has(program: Case["program"], { command, exit, shows }: Row): boolean {
  return cases.some((it) => {
    const shown = `${it.streams.get("stdout") ?? ""}${it.streams.get("stderr") ?? ""}`;
    return it.program === program && it.exit === exit && command.test(it.args.join(" ")) &&
      shows.test(shown);
  });
}
