/**
 * Promises that nobody waits for: their errors end the process, or vanish. Deno's linter knows no
 * types, so the TypeScript compiler is asked.
 *
 * @module
 */

import { join, relative } from "node:path";
import ts from "typescript";
import { lineOf, nodesOf, type Source, violation } from "./source.ts";
import { ROOT } from "./tree.ts";

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ESNext,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  allowImportingTsExtensions: true,
  skipLibCheck: true,
  strict: true,
  noEmit: true,
  types: [],
};

/** What the compiler knows beside the sources. */
export interface Environment {
  /** The runtime's declarations, as `deno types` prints them. */
  readonly runtimeTypes: string;
  /**
   * The directory whose `node_modules` has the packages, or `null` for none. What comes from a
   * package that is not found there is `any`, and no promise.
   */
  readonly packagesFrom: string | null;
}

/** The statements of `sources` that drop a promise. */
export function floatingPromises(
  sources: readonly Source[],
  environment: Environment,
): string[] {
  const program = programOf(sources, environment);
  const checker = program.getTypeChecker();
  return sources.flatMap(({ path }) => {
    const file = program.getSourceFile(join(ROOT, path));
    if (file === undefined) throw new Error(`Cannot compile ${path}`);
    return [...nodesOf(file)].flatMap((node) => {
      if (!ts.isExpressionStatement(node) || !dropsPromise(node.expression, checker)) return [];
      const text = "a promise is dropped; await it, return it, or say void and why";
      return [violation(path, lineOf(node), text)];
    });
  });
}

/**
 * Whether evaluating `expression` for its effect loses a promise. An assignment loses none, and
 * `await` and `void` have types of their own.
 */
function dropsPromise(expression: ts.Expression, checker: ts.TypeChecker): boolean {
  if (ts.isParenthesizedExpression(expression)) return dropsPromise(expression.expression, checker);
  if (ts.isBinaryExpression(expression)) {
    const { kind } = expression.operatorToken;
    if (kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment) return false;
    if (kind === ts.SyntaxKind.CommaToken && dropsPromise(expression.left, checker)) return true;
    return dropsPromise(expression.right, checker);
  }
  if (ts.isConditionalExpression(expression)) {
    return dropsPromise(expression.whenTrue, checker) ||
      dropsPromise(expression.whenFalse, checker);
  }
  return holdsPromise(checker.getTypeAtLocation(expression), expression, checker);
}

/** Whether a value of `type` can be a thenable, or a list of thenables. */
function holdsPromise(type: ts.Type, at: ts.Node, checker: ts.TypeChecker): boolean {
  return partsOf(type).some((part) => {
    if (!checker.isArrayType(part) && !checker.isTupleType(part)) {
      return isThenable(part, at, checker);
    }
    const elements = checker.getTypeArguments(part as ts.TypeReference).flatMap(partsOf);
    return elements.some((element) => isThenable(element, at, checker));
  });
}

function partsOf(type: ts.Type): ts.Type[] {
  return type.isUnion() ? type.types : [type];
}

function isThenable(type: ts.Type, at: ts.Node, checker: ts.TypeChecker): boolean {
  const then = checker.getApparentType(type).getProperty("then");
  if (then === undefined) return false;
  return checker.getTypeOfSymbolAtLocation(then, at).getCallSignatures().length > 0;
}

/** Compiles `sources` from memory; only the language's and the packages' types come from disk. */
function programOf(sources: readonly Source[], environment: Environment): ts.Program {
  const runtime = join(ROOT, "runtime_types.d.ts");
  const texts = new Map(sources.map(({ path, text }) => [join(ROOT, path), text]));
  texts.set(runtime, environment.runtimeTypes);
  const host = ts.createCompilerHost(OPTIONS);
  const onDisk = {
    fileExists: host.fileExists.bind(host),
    readFile: host.readFile.bind(host),
    getSourceFile: host.getSourceFile.bind(host),
  };
  const isOurs = (name: string) => !relative(ROOT, name).startsWith("..");
  host.fileExists = (name) => isOurs(name) ? texts.has(name) : onDisk.fileExists(name);
  host.readFile = (name) => isOurs(name) ? texts.get(name) : onDisk.readFile(name);
  host.getSourceFile = (name, languageVersion, ...rest) => {
    const text = texts.get(name);
    if (text === undefined) return onDisk.getSourceFile(name, languageVersion, ...rest);
    return ts.createSourceFile(name, text, languageVersion, true);
  };
  host.resolveModuleNameLiterals = (literals, containingFile, _redirect, options) =>
    literals.map(({ text }) => {
      const ofPackage = isOurs(containingFile) && !text.startsWith(".");
      const from = ofPackage && environment.packagesFrom !== null
        ? join(environment.packagesFrom, "importer.ts")
        : containingFile;
      return ts.resolveModuleName(text, from, options, host);
    });
  return ts.createProgram({ rootNames: [...texts.keys()], options: OPTIONS, host });
}
