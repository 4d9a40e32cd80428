/**
 * Runs every case in `cases/`. `UPDATE_GOLDEN=1 deno test -A tests/cli/golden_test.ts` writes what
 * came into the files whose expectation it does not meet; look at the difference before you keep it.
 */

import assert from "node:assert/strict";
import { matchesGolden, parseCase, withPlaceholders } from "./case_file.ts";
import { caseFiles, CASES } from "./cases.ts";
import { type Outcome, runCase } from "./surroundings.ts";

const STREAMS = ["stdout", "stderr", "requests"] as const;
const update = Deno.env.get("UPDATE_GOLDEN") === "1";

for (const name of caseFiles()) {
  Deno.test(`tests/cli/cases/${name}`, async () => {
    const path = `${CASES}/${name}`;
    const it = parseCase(await Deno.readTextFile(path));
    const outcome = await runCase(it);
    const shown = it.head.get("requests")?.[0] === "shown"
      ? STREAMS
      : STREAMS.filter((stream) => stream !== "requests");
    const differs = outcome.exit !== it.exit ||
      shown.some((stream) => !matchesGolden(outcome[stream], it.streams.get(stream) ?? ""));
    if (!differs) return;
    if (update) return await Deno.writeTextFile(path, written(it.preamble, outcome, shown));
    assert.equal(written(it.preamble, outcome, shown), await Deno.readTextFile(path));
  });
}

function written(
  preamble: string,
  outcome: Outcome,
  streams: readonly (typeof STREAMS[number])[],
): string {
  const sections = streams
    .filter((stream) => outcome[stream] !== "")
    .map((stream) => `--- ${stream}\n${withPlaceholders(outcome[stream])}`);
  return `${preamble}exit: ${outcome.exit}\n${sections.join("")}`;
}
