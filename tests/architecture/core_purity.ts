/**
 * `src/core` is pure: everything from outside enters through parameters.
 *
 * @module
 */

import ts from "typescript";
import { globalsIn } from "./globals.ts";
import { specifierOf } from "./import_graph.ts";
import { isTest, lineOf, nodesOf, parse, type Source, violation } from "./source.ts";

/** What `core` may not mention, and what it does instead. */
const IMPURE: Readonly<Record<string, string>> = {
  "Deno": "system/ calls the runtime; take its result as a parameter",
  "fetch": "take what was fetched as a parameter",
  "Date.now": "take a Clock (core/clock.ts)",
  "new Date()": "take a Clock (core/clock.ts) and write new Date(clock.now())",
  "performance": "take a Clock (core/clock.ts)",
  "crypto": "take a Random (system/random.ts) or the digest as a parameter",
  "Math.random": "take a Random (system/random.ts) as a parameter",
  "setTimeout": "take a Clock (core/clock.ts) and use its timer()",
  "setInterval": "take a Clock (core/clock.ts) and use its timer()",
};

/** What makes `source`, a file of `src/core`, impure. */
export function impurities(source: Source): string[] {
  if (!source.path.startsWith("src/core/") || isTest(source.path)) return [];
  const found: string[] = [];
  for (const { name, node } of globalsIn(source)) {
    const banned = Object.keys(IMPURE).find((it) => name === it || name.startsWith(`${it}.`));
    if (banned === undefined) continue;
    const text = `core may not use ${name}; ${IMPURE[banned]}`;
    found.push(violation(source.path, lineOf(node), text));
  }
  for (const node of nodesOf(parse(source))) {
    const target = specifierOf(node);
    if (target === null || !ts.isStringLiteralLike(target)) continue;
    if (!target.text.startsWith("node:")) continue;
    const text = `core may not import ${target.text}; write it in plain TypeScript or move it ` +
      `to system/`;
    found.push(violation(source.path, lineOf(target), text));
  }
  return found;
}
