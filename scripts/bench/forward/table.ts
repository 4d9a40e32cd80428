import type { Result } from "./bench.ts";
import { spreadOf } from "./statistics.ts";
import type { Verdict } from "./targets.ts";

/** A header, and lines of as many cells. */
type Lines = readonly (readonly string[])[];

/** Medians with their spread, and what they are to the base's. */
export function table(results: readonly Result[]): string {
  const lines = [["workload", "metric", "relay", "median", "min–max", "ratio"]];
  for (const result of results) {
    const { workload, base, peer, samples } = result;
    for (const metric of Object.keys(samples[0] ?? {})) {
      const own = spreadOf(valuesOf(samples, metric));
      const baseline = medianOf(results, { workload, peer: base }, metric);
      const ratio = baseline === null ? "" : `${(own.median / baseline).toFixed(2)}×`;
      const range = `${rounded(own.min)}–${rounded(own.max)}`;
      lines.push([workload, metric, peer, rounded(own.median), range, ratio]);
    }
  }
  return aligned(lines, 3);
}

/** What was aimed at, and whether it was reached. */
export function verdictTable(verdicts: readonly Verdict[]): string {
  return aligned(
    [["aim of the Linux engine", "aim", "measured", ""], ...verdictLines(verdicts)],
    1,
  );
}

/** Medians for the README: a line for each metric, a column for each relay. */
export function markdown(results: readonly Result[], verdicts: readonly Verdict[]): string {
  const peers = [...new Set(results.map(({ peer }) => peer))];
  const keys = new Map(
    results.flatMap(({ workload, base, samples }) =>
      Object.keys(samples[0] ?? {}).map((metric) =>
        [`${workload}, ${metric}`, { workload, base, metric }] as const
      )
    ),
  );
  const lines = [...keys].map(([title, { workload, base, metric }]) => {
    const medians = peers.map((peer) => medianOf(results, { workload, peer }, metric));
    const own = medianOf(results, { workload, peer: "linux" }, metric);
    const other = medianOf(results, { workload, peer: base }, metric);
    const ratio = own === null || other === null || base === "linux"
      ? "–"
      : `${(own / other).toFixed(2)}× ${base}`;
    return [title, ...medians.map((it) => it === null ? "–" : rounded(it)), ratio];
  });
  return `${piped([["Median", ...peers, "linux is"], ...lines])}\n\n` +
    piped([["Aim", "", "Measured", ""], ...verdictLines(verdicts)]);
}

const verdictLines = (verdicts: readonly Verdict[]): string[][] =>
  verdicts.map(({ what, aim, value, isReached }) => [
    what,
    aim,
    value === null ? "–" : value.toFixed(2),
    isReached === null ? "not measured" : isReached ? "reached" : "NOT REACHED",
  ]);

/** Columns next to each other, the first `left` of them flush left. */
function aligned(lines: Lines, left: number): string {
  const widths = lines[0]?.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)));
  return lines.map((cells) =>
    cells.map((cell, i) =>
      i < left ? cell.padEnd(widths?.[i] ?? 0) : cell.padStart(widths?.[i] ?? 0)
    )
      .join("  ").trimEnd()
  ).join("\n");
}

function piped([head = [], ...lines]: Lines): string {
  const rule = head.map((_, i) => i === 0 ? "---" : "--:");
  return [head, rule, ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function medianOf(
  results: readonly Result[],
  { workload, peer }: Pick<Result, "workload" | "peer">,
  metric: string,
): number | null {
  const result = results.find((it) => it.workload === workload && it.peer === peer);
  const values = valuesOf(result?.samples ?? [], metric);
  return values.length === 0 ? null : spreadOf(values).median;
}

const valuesOf = (samples: Result["samples"], metric: string) =>
  samples.map((sample) => sample[metric]).filter((value) => value !== undefined);

const rounded = (value: number) => Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);

/** Processor, memory and kernel, in a line. */
export function describeMachine(): string {
  const model = /^model name\s*: (.*)$/m.exec(Deno.readTextFileSync("/proc/cpuinfo"))?.[1];
  const memory = (Deno.systemMemoryInfo().total / 2 ** 30).toFixed(0);
  return `${model ?? Deno.build.arch}, ${navigator.hardwareConcurrency} cores, ${memory} GiB, ` +
    `Linux ${Deno.osRelease()}, Deno ${Deno.version.deno}`;
}
