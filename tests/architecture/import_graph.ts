/**
 * Who imports whom under `src/`, and who may.
 *
 * @module
 */

import { posix } from "node:path";
import ts from "typescript";
import { isTest, lineOf, nodesOf, parse, type Source, violation } from "./source.ts";

const SERVER_PARTS = [
  "store",
  "identity",
  "backend",
  "traffic",
  "audit",
  "control",
  "publish",
  "api",
  "cli",
] as const;

/**
 * What a folder of `src/` may import, beside itself. Names without a folder in `src/` are folders
 * of the root. Packages and `node:` modules are not in question here.
 */
export const ARROWS: Readonly<Record<string, readonly string[]>> = {
  core: [],
  system: ["core"],
  telemetry: ["core", "system"],
  wire: ["core", "system"],
  forward: ["core", "system"],
  edge: ["core", "system", "telemetry", "wire", "forward"],
  rulefile: ["core"],
  standalone: ["core", "system", "telemetry", "wire", "forward", "rulefile"],
  client: ["core", "system", "edge", "standalone"],
  store: ["core", "system", "migrations"],
  identity: ["core", "system", "store"],
  backend: ["core", "system", "store", "identity"],
  traffic: ["core", "system", "telemetry", "wire", "store"],
  audit: ["core", "system", "telemetry", "store"],
  control: ["core", "system", "telemetry", "wire", "store", "identity", "traffic", "audit"],
  publish: ["core", "system", "telemetry", "store", "identity", "control"],
  api: [
    "core",
    "system",
    "telemetry",
    "wire",
    "store",
    "identity",
    "traffic",
    "audit",
    "control",
    "publish",
  ],
  cli: [
    "core",
    "system",
    "telemetry",
    "wire",
    "store",
    "identity",
    "backend",
    "control",
    "publish",
    "server",
    "rulefile",
  ],
  server: ["core", "system", "telemetry", "wire", ...SERVER_PARTS],
};

/** One import of one file by another. */
export interface ImportEdge {
  readonly from: string;
  readonly line: number;
  /** From the project's root. */
  readonly to: string;
}

/** The relative imports of `source`, whatever their form. */
export function importsOf(source: Source): ImportEdge[] {
  const edges: ImportEdge[] = [];
  for (const node of nodesOf(parse(source))) {
    const target = specifierOf(node);
    if (target === null || !ts.isStringLiteralLike(target)) continue;
    if (!target.text.startsWith(".")) continue;
    const to = posix.join(posix.dirname(source.path), target.text);
    edges.push({ from: source.path, line: lineOf(target), to });
  }
  return edges;
}

/** Imports of `source` whose target is computed, and so is missing from the graph. */
export function computedImports(source: Source): string[] {
  return [...nodesOf(parse(source))].flatMap((node) => {
    const target = specifierOf(node);
    if (target === null || ts.isStringLiteralLike(target)) return [];
    const text = "a computed import escapes these rules; write the path as a string";
    return [violation(source.path, lineOf(node), text)];
  });
}

/** What `node` names as the module it loads: `null` when it loads none. */
export function specifierOf(node: ts.Node): ts.Node | null {
  if (ts.isImportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isExportDeclaration(node)) return node.moduleSpecifier ?? null;
  if (ts.isExternalModuleReference(node)) return node.expression;
  if (ts.isImportTypeNode(node)) {
    return ts.isLiteralTypeNode(node.argument) ? node.argument.literal : node.argument;
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    return node.arguments[0] ?? null;
  }
  return workerScriptOf(node);
}

/** The script in `new Worker(new URL("./script.ts", import.meta.url))`, which is an import too. */
function workerScriptOf(node: ts.Node): ts.Node | null {
  if (!ts.isNewExpression(node) || node.expression.getText() !== "URL") return null;
  const [script, base] = node.arguments ?? [];
  if (script === undefined || base?.getText() !== "import.meta.url") return null;
  return ts.isStringLiteralLike(script) && script.text.endsWith(".ts") ? script : null;
}

/** The folder a rule speaks of: that of `src/`, or else of the root. */
function folderOf(path: string): string {
  const [top = "", folder = ""] = path.split("/");
  return top === "src" ? folder : top;
}

/** The edges that `arrows` does not have. Tests are free, but nothing may import one. */
export function wrongArrows(
  edges: readonly ImportEdge[],
  arrows: Readonly<Record<string, readonly string[]>>,
): string[] {
  return edges.flatMap(({ from, line, to }) => {
    if (isTest(to)) {
      const text = `imports the test ${to}; move what both need to a file of its own`;
      return [violation(from, line, text)];
    }
    if (isTest(from)) return [];
    const folder = folderOf(from);
    const allowed = arrows[folder];
    if (allowed === undefined) {
      const text = `src/${folder} has no row in ARROWS; add what it may import`;
      return [violation(from, line, text)];
    }
    if (folderOf(to) === folder || allowed.includes(folderOf(to))) return [];
    const known = allowed.length === 0 ? "nothing" : `only ${allowed.join(", ")}`;
    const text = `${folder} may not import ${to}: it knows ${known}; ` +
      `take what it needs as a parameter, or move what both share down`;
    return [violation(from, line, text)];
  });
}

/** Each way round that leads from a file back to itself, once. */
export function importCycles(edges: readonly ImportEdge[]): string[] {
  const outgoing = Map.groupBy(edges, (edge) => edge.from);
  const done = new Set<string>();
  const cycles: string[] = [];

  function visit(file: string, path: readonly ImportEdge[]): void {
    const start = path.findIndex((edge) => edge.from === file);
    const [first, ...others] = start < 0 ? [] : path.slice(start);
    if (first !== undefined) {
      const way = [first, ...others].map((edge) => `${edge.from}:${edge.line}`).join(" -> ");
      const text = `imports itself (${way} -> ${file}); ` +
        `move what the files share to one that imports neither`;
      cycles.push(violation(first.from, first.line, text));
      return;
    }
    if (done.has(file)) return;
    for (const edge of outgoing.get(file) ?? []) visit(edge.to, [...path, edge]);
    done.add(file);
  }

  for (const file of outgoing.keys()) visit(file, []);
  return cycles;
}
