/**
 * A file of the project and how rules read it: as a syntax tree, so that comments and strings
 * never count as code.
 *
 * @module
 */

import ts from "typescript";

/** A text file of the project. */
export interface Source {
  /** From the project's root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** The syntax tree of `source`. */
export function parse({ path, text }: Source): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
}

/** `node` and everything below it, in the order of the text. */
export function* nodesOf(node: ts.Node): Generator<ts.Node, void, undefined> {
  const rest = [node];
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    yield next;
    const children: ts.Node[] = [];
    ts.forEachChild(next, (child) => void children.push(child));
    rest.push(...children.reverse());
  }
}

/** The line `node` starts on, counted from 1; its JSDoc does not count. */
export function lineOf(node: ts.Node): number {
  const file = node.getSourceFile();
  return file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1;
}

/** What a rule answers: where, what is wrong, and what to do instead. */
export function violation(path: string, line: number, text: string): string {
  return `${path}:${line}: ${text}`;
}

/** Whether `path` is a test; tests may reach what the code they test may not. */
export function isTest(path: string): boolean {
  return /_test\.tsx?$/.test(path);
}

/** Whether a tool wrote `path`; no one answers for its style. */
export function isGenerated(path: string): boolean {
  return path.startsWith("src/wire/gen/") || path === "ui/api/types.ts";
}
