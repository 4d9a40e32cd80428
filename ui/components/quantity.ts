/**
 * Amounts of bytes and rates as people type them: `10 GB`, `512 MiB`, `100 Mbit/s`.
 *
 * @module
 */

import { formatBytes, formatRate } from "./format.ts";

export type QuantityKind = "bytes" | "rate";

const FACTORS: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  m: 1e6,
  g: 1e9,
  t: 1e12,
  p: 1e15,
  ki: 2 ** 10,
  mi: 2 ** 20,
  gi: 2 ** 30,
  ti: 2 ** 40,
  pi: 2 ** 50,
};

/**
 * Whole bytes, or bytes per second; `null` for what is neither. Units are decimal (`MB`), binary
 * (`MiB`), or bits for rates (`Mbit/s`); a bare number counts bytes.
 */
export function parseQuantity(text: string, kind: QuantityKind): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*(?:([kmgtp]i?)?(b|bit|bps)?)(\/s)?$/i.exec(text.trim());
  if (!match) return null;
  const [, digits = "", prefix = "", unit = "", perSecond] = match;
  const isBits = /^bit$|^bps$/i.test(unit);
  if (kind === "bytes" && (isBits || perSecond !== undefined)) return null;
  const factor = FACTORS[prefix.toLowerCase()] ?? 1;
  const bytes = Math.round(Number(digits) * factor / (isBits ? 8 : 1));
  return Number.isSafeInteger(bytes) ? bytes : null;
}

const EXACT = ["Ti", "T", "Gi", "G", "Mi", "M", "Ki", "k"];

/** The shortest text that {@linkcode parseQuantity} reads as `bytes`. */
export function quantityText(bytes: number, kind: QuantityKind): string {
  const suffix = kind === "rate" ? "/s" : "";
  const prefix = EXACT.find((it) => {
    const tenths = bytes * 10 / (FACTORS[it.toLowerCase()] ?? 1);
    return tenths >= 10 && Number.isInteger(tenths);
  }) ?? "";
  return `${bytes / (FACTORS[prefix.toLowerCase()] ?? 1)} ${prefix}B${suffix}`;
}

/** What a typed quantity comes to, where that says more than what was typed. */
export function quantityEcho(text: string, kind: QuantityKind): string | undefined {
  const bytes = parseQuantity(text, kind);
  if (bytes === null) return undefined;
  return `= ${kind === "rate" ? formatRate(bytes) : formatBytes(bytes)}`;
}
