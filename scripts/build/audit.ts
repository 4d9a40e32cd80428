/**
 * Known weaknesses of what `deno.lock` pins, as npm's audit knows them. npm reads lock files of its
 * own, so one is made that says the same.
 *
 * @module
 */

import type { LockFile } from "./sbom.ts";

/** What an audit found out. */
export type AuditOutcome =
  | { readonly kind: "clean"; readonly lesser: number }
  | { readonly kind: "vulnerable"; readonly packages: readonly string[] }
  /** The registry does not answer this question. */
  | { readonly kind: "unreachable"; readonly reason: string };

/** An npm project with every package of `lock`, each under a name of its own. */
export function npmProject(
  { npm }: LockFile,
): { readonly manifest: unknown; readonly lock: unknown } {
  const packages = [...new Set(Object.keys(npm).map(withoutPeers))].map((key, i) => {
    const at = key.lastIndexOf("@");
    return { alias: `p${i}`, name: key.slice(0, at), version: key.slice(at + 1) };
  });
  const project = {
    name: "portunus-audit",
    version: "0.0.0",
    private: true,
    dependencies: Object.fromEntries(
      packages.map(({ alias, name, version }) => [alias, `npm:${name}@${version}`]),
    ),
  };
  const modules = packages.map(({ alias, name, version }) => [
    `node_modules/${alias}`,
    { name, version },
  ]);
  return {
    manifest: project,
    lock: {
      name: project.name,
      version: project.version,
      lockfileVersion: 3,
      requires: true,
      packages: { "": project, ...Object.fromEntries(modules) },
    },
  };
}

/** Reads what `npm audit --json` printed. */
export function auditOutcome(printed: string): AuditOutcome {
  const report = parse(printed);
  if (report?.vulnerabilities === undefined) {
    return { kind: "unreachable", reason: report?.message ?? "npm gave no answer" };
  }
  const found = Object.values(report.vulnerabilities);
  const serious = found.filter(({ severity }) => severity === "high" || severity === "critical");
  if (serious.length === 0) return { kind: "clean", lesser: found.length };
  return {
    kind: "vulnerable",
    packages: serious.map(({ name, severity, range }) => `${name} ${range}: ${severity}`),
  };
}

interface Report {
  readonly message?: string;
  readonly vulnerabilities?: Readonly<
    Record<string, { readonly name: string; readonly severity: string; readonly range: string }>
  >;
}

function parse(printed: string): Report | null {
  try {
    return JSON.parse(printed);
  } catch {
    return null;
  }
}

/** `name@version` of a key of the lock, which may go on with the packages it was resolved with. */
function withoutPeers(key: string): string {
  return /^(@?[^@]+@[^_]+)/.exec(key)?.[1] ?? key;
}
