import { spreadOf } from "./statistics.ts";
import type { Result } from "./bench.ts";

/** Medians with their spread, and what they are to the base's. */
export function table(results: readonly Result[]): string {
  const lines = [["workload", "metric", "relay", "median", "min–max", "ratio"]];
  for (const { workload, base, peer, samples } of results) {
    for (const metric of Object.keys(samples[0] ?? {})) {
      const own = spreadOf(valuesOf(samples, metric));
      const baseline = results.find((it) => it.workload === workload && it.peer === base);
      const values = valuesOf(baseline?.samples ?? [], metric);
      const ratio = values.length === 0
        ? ""
        : `${(own.median / spreadOf(values).median).toFixed(2)}×`;
      const range = `${rounded(own.min)}–${rounded(own.max)}`;
      lines.push([workload, metric, peer, rounded(own.median), range, ratio]);
    }
  }
  const widths = lines[0]?.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)));
  return lines.map((cells) =>
    cells.map((cell, i) => i < 3 ? cell.padEnd(widths?.[i] ?? 0) : cell.padStart(widths?.[i] ?? 0))
      .join("  ").trimEnd()
  ).join("\n");
}

const valuesOf = (samples: Result["samples"], metric: string) =>
  samples.map((sample) => sample[metric]).filter((value) => value !== undefined);

const rounded = (value: number) => value >= 100 ? value.toFixed(0) : value.toPrecision(3);

/** Processor, memory and kernel, in a line. */
export function describeMachine(): string {
  const model = /^model name\s*: (.*)$/m.exec(Deno.readTextFileSync("/proc/cpuinfo"))?.[1];
  const memory = (Deno.systemMemoryInfo().total / 2 ** 30).toFixed(0);
  return `${model ?? Deno.build.arch}, ${navigator.hardwareConcurrency} cores, ${memory} GiB, ` +
    `Linux ${Deno.osRelease()}, Deno ${Deno.version.deno}`;
}
