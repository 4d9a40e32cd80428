/**
 * What a certificate authority refuses, in its own words.
 *
 * @module
 */

import { ACME } from "../../../core/publish_limits.ts";

const NAMESPACE = "urn:ietf:params:acme:error:";

/** The members of a problem document that say something (RFC 7807 §3.1, RFC 8555 §6.7). */
export interface ProblemDocument {
  readonly type?: string | undefined;
  readonly detail?: string | undefined;
  readonly subproblems?: readonly ProblemDocument[] | undefined;
}

/**
 * A refusal. The message is `<type>: <detail>`, the type without its namespace, and fit to be shown:
 * it is the authority's text on one line, cut where it gets long.
 */
export class AcmeProblem extends Error {
  override readonly name = "AcmeProblem";
  /** As in RFC 8555 §6.7, without the namespace: `rateLimited`, say. */
  readonly type: string;

  constructor(
    document: ProblemDocument,
    /** How long the authority asks to wait, in milliseconds; `null` when it does not. */
    readonly retryAfterMs: number | null = null,
  ) {
    super(textOf(document));
    this.type = typeOf(document);
  }
}

function typeOf({ type = "about:blank" }: ProblemDocument): string {
  return type.startsWith(NAMESPACE) ? type.slice(NAMESPACE.length) : type;
}

function textOf(document: ProblemDocument): string {
  const parts = [document, ...document.subproblems ?? []].map((it) =>
    it.detail === undefined ? typeOf(it) : `${typeOf(it)}: ${it.detail}`
  );
  const line = parts.join("; ").replace(/[\s\p{Cc}]+/gu, " ").trim();
  return line.length <= ACME.errorMaxChars ? line : `${line.slice(0, ACME.errorMaxChars - 1)}…`;
}

/**
 * The milliseconds of a `Retry-After` header: seconds, or a date (RFC 9110 §10.2.3); `null` for
 * none that says anything.
 */
export function retryAfterMs(header: string | null, now: number): number | null {
  if (header === null) return null;
  const text = header.trim();
  const ms = /^\d{1,10}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now;
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), ACME.retryAfterMaxMs);
}
