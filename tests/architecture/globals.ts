/**
 * Which names of the runtime a file uses.
 *
 * @module
 */

import ts from "typescript";
import { nodesOf, parse, type Source } from "./source.ts";

/** A use of something that stands in no scope of its own, such as `Deno.env` or `new Date()`. */
export interface GlobalUse {
  /** At most two parts, without `globalThis`; `new Date()` for a date without arguments. */
  readonly name: string;
  readonly node: ts.Node;
}

/**
 * Every name in `source` that can mean a global, with the member taken from it. There is no scope
 * analysis: a parameter called `crypto` counts as the global of that name.
 */
export function globalsIn(source: Source): GlobalUse[] {
  return [...nodesOf(parse(source))].flatMap((node) => {
    if (!ts.isIdentifier(node) || isMemberName(node)) return [];
    if (node.text === "globalThis") return [];
    return [{ name: nameOf(node), node }];
  });
}

function nameOf(node: ts.Identifier): string {
  const { parent } = isMemberOfGlobalThis(node) ? { parent: node.parent.parent } : node;
  if (node.text === "Date") {
    const made = ts.isNewExpression(parent) && (parent.arguments ?? []).length === 0;
    const called = ts.isCallExpression(parent) && parent.expression === node;
    if (made || called) return "new Date()";
  }
  const member = memberOf(parent, isMemberOfGlobalThis(node) ? node.parent : node);
  return member === null ? node.text : `${node.text}.${member}`;
}

/** The name that `parent` takes from `object`. */
function memberOf(parent: ts.Node, object: ts.Node): string | null {
  if (ts.isPropertyAccessExpression(parent) && parent.expression === object) {
    return parent.name.text;
  }
  if (ts.isElementAccessExpression(parent) && parent.expression === object) {
    const { argumentExpression: key } = parent;
    return ts.isStringLiteralLike(key) ? key.text : "[…]";
  }
  if (ts.isQualifiedName(parent) && parent.left === object) return parent.right.text;
  return null;
}

function isMemberOfGlobalThis({ parent }: ts.Identifier): boolean {
  return ts.isPropertyAccessExpression(parent) && ts.isIdentifier(parent.expression) &&
    parent.expression.text === "globalThis";
}

/** Whether `node` names a member of something (`clock.fetch`, `{ fetch: … }`), not a value. */
function isMemberName(node: ts.Identifier): boolean {
  const { parent } = node;
  if (isMemberOfGlobalThis(node)) return false;
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node;
  if (ts.isQualifiedName(parent)) return parent.right === node;
  return (ts.isPropertyAssignment(parent) || ts.isPropertySignature(parent) ||
    ts.isPropertyDeclaration(parent) || ts.isMethodDeclaration(parent) ||
    ts.isMethodSignature(parent) || ts.isGetAccessorDeclaration(parent) ||
    ts.isSetAccessorDeclaration(parent) || ts.isEnumMember(parent)) && parent.name === node;
}
