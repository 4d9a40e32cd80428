/**
 * `deno task audit [--require]`: asks the registry for known weaknesses of the locked packages, and
 * fails when one is high or critical. Where the registry does not answer, a line says so; that is a
 * failure with `--require` only, because a network's proxy must not decide over a build.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { auditOutcome, npmProject } from "./build/audit.ts";
import { writeLine } from "./build/console.ts";
import { ROOT } from "./build/project.ts";

const { values } = parseArgs({ options: { require: { type: "boolean", default: false } } });
const { manifest, lock } = npmProject(JSON.parse(await Deno.readTextFile(`${ROOT}deno.lock`)));
const cwd = await Deno.makeTempDir({ prefix: "portunus-audit-" });
try {
  await Deno.writeTextFile(`${cwd}/package.json`, JSON.stringify(manifest));
  await Deno.writeTextFile(`${cwd}/package-lock.json`, JSON.stringify(lock));
  // Its status is not 0 for findings and for failures alike: what it prints tells them apart.
  const { stdout } = await new Deno.Command("npm", {
    args: ["audit", "--json", "--package-lock-only", "--fetch-retries=1", "--fetch-timeout=20000"],
    cwd,
    stderr: "null",
  }).output();
  const outcome = auditOutcome(new TextDecoder().decode(stdout));
  switch (outcome.kind) {
    case "clean":
      writeLine(`audit: nothing of high severity, ${outcome.lesser} of lower`);
      break;
    case "vulnerable":
      writeLine(["audit: of high severity:", ...outcome.packages].join("\n  "));
      Deno.exitCode = 1;
      break;
    case "unreachable":
      writeLine(`audit: SKIPPED, the registry does not answer: ${outcome.reason}`);
      if (values.require) Deno.exitCode = 1;
      break;
    default:
      outcome satisfies never;
  }
} finally {
  await Deno.remove(cwd, { recursive: true });
}
