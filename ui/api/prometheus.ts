/**
 * Samples out of Prometheus' text format, as far as the server writes it.
 *
 * @module
 */

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const SAMPLE = /^([a-z_:][\w:]*)(?:\{(.*)\})? (\S+)$/i;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/** Every sample of a text; comments and what is no sample are left out. */
export function parseMetrics(text: string): Sample[] {
  return text.split("\n").flatMap((line) => {
    const [, name, labels = "", value] = SAMPLE.exec(line) ?? [];
    if (name === undefined || value === undefined) return [];
    const entries = [...labels.matchAll(LABEL)].map(([, key = "", text = ""]) =>
      [key, text.replaceAll(/\\(.)/g, (_, it: string) => it === "n" ? "\n" : it)] as const
    );
    return [{ name, labels: Object.fromEntries(entries), value: Number(value) }];
  });
}

/** The samples of a family. */
export function samplesOf(samples: readonly Sample[], name: string): readonly Sample[] {
  return samples.filter((it) => it.name === name);
}

/** What the samples of a family add up to. */
export function totalOf(samples: readonly Sample[], name: string): number {
  return samplesOf(samples, name).reduce((sum, { value }) => sum + value, 0);
}
