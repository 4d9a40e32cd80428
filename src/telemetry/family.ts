/**
 * A family of Prometheus samples and its text
 * (https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format).
 *
 * A table of our own rather than a library's: counters stay exact integers beyond 2^53, and a scrape
 * of ten thousand rules does not stop everything else, because a row is written out when it comes
 * into being and not at every scrape.
 *
 * @module
 */

/** Labels as they stand in the text, by name in order; empty for a family without labels. */
export type Row = string;

export interface FamilyOptions {
  readonly help: string;
  readonly type: "counter" | "gauge";
  /** What the values are in; `micros` are written out as seconds. @default {"one"} */
  readonly unit?: "one" | "micros";
}

/** The text of `labels`. */
export function rowOf(labels: Readonly<Record<string, string>>): Row {
  return Object.keys(labels).sort().map((name) => `${name}="${escaped(labels[name] ?? "")}"`)
    .join(",");
}

function escaped(value: string): string {
  return value.replace(/[\\"\n]/g, (it) => it === "\n" ? "\\n" : `\\${it}`);
}

export class Family {
  readonly #rows = new Map<Row, bigint | number>();
  readonly #header: string;
  readonly #unit: "one" | "micros";

  /** @param name without the prefix `portunus_` */
  constructor(readonly name: string, { help, type, unit = "one" }: FamilyOptions) {
    const full = `portunus_${name}`;
    this.#header = `# HELP ${full} ${help}\n# TYPE ${full} ${type}\n`;
    this.#unit = unit;
  }

  /** How many rows there are. */
  get size(): number {
    return this.#rows.size;
  }

  /** Adds to a counter. Gains of nothing make no row. */
  add(row: Row, gain: bigint): void {
    if (gain > 0n) this.#rows.set(row, BigInt(this.#rows.get(row) ?? 0n) + gain);
  }

  set(row: Row, value: bigint | number): void {
    this.#rows.set(row, value);
  }

  /** Sets a row that exists. */
  update(row: Row, value: bigint | number): void {
    if (this.#rows.has(row)) this.#rows.set(row, value);
  }

  delete(row: Row): void {
    this.#rows.delete(row);
  }

  /** The text of the family; nothing at all without rows. */
  text(): string {
    if (this.#rows.size === 0) return "";
    const lines: string[] = [];
    for (const [row, value] of this.#rows) {
      const labels = row === "" ? "" : `{${row}}`;
      lines.push(`portunus_${this.name}${labels} ${this.#format(value)}\n`);
    }
    return this.#header + lines.join("");
  }

  #format(value: bigint | number): string {
    return this.#unit === "micros" ? seconds(BigInt(value)) : `${value}`;
  }
}

/** Microseconds as seconds, exactly: `1500000` is `1.5`. */
function seconds(micros: bigint): string {
  const fraction = `${micros % 1_000_000n}`.padStart(6, "0").replace(/0+$/, "");
  return `${micros / 1_000_000n}${fraction === "" ? "" : `.${fraction}`}`;
}
