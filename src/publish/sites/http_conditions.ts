/**
 * What a request's conditions and range make of an answer (RFC 9110 §13 and §14). Pure.
 *
 * @module
 */

/** What there is to send, as far as conditions ask. */
export interface Representation {
  /** A strong entity tag, in quotes. */
  readonly etag: string;
  readonly modifiedAtMs: number;
  /** Bytes. */
  readonly size: number;
}

export type Verdict =
  | { readonly kind: "full" }
  | { readonly kind: "not_modified" }
  | { readonly kind: "precondition_failed" }
  /** From the first byte to the last, both included. */
  | { readonly kind: "range"; readonly first: number; readonly last: number }
  | { readonly kind: "unsatisfiable" };

/** Decides on a GET or HEAD, in the order of RFC 9110 §13.2.2. */
export function evaluate(
  { method, headers }: Pick<Request, "method" | "headers">,
  it: Representation,
): Verdict {
  const ifMatch = headers.get("if-match");
  const ifUnmodified = dateOf(headers.get("if-unmodified-since"));
  if (ifMatch !== null) {
    if (!lists(ifMatch, it.etag, { weakly: false })) return { kind: "precondition_failed" };
  } else if (ifUnmodified !== null && seconds(it) > ifUnmodified) {
    return { kind: "precondition_failed" };
  }
  const ifNoneMatch = headers.get("if-none-match");
  const ifModified = dateOf(headers.get("if-modified-since"));
  if (ifNoneMatch !== null) {
    if (lists(ifNoneMatch, it.etag, { weakly: true })) return { kind: "not_modified" };
  } else if (ifModified !== null && seconds(it) <= ifModified) {
    return { kind: "not_modified" };
  }
  const range = headers.get("range");
  if (range === null || method !== "GET") return { kind: "full" };
  const ifRange = headers.get("if-range");
  if (ifRange !== null && !holds(ifRange, it)) return { kind: "full" };
  return rangeOf(range, it.size);
}

/** Whether a list of entity tags has `etag`. */
function lists(header: string, etag: string, { weakly }: { readonly weakly: boolean }): boolean {
  if (header.trim() === "*") return true;
  const tags = header.match(/(?:W\/)?"[^"]*"/g) ?? [];
  return tags.some((tag) => tag === etag || (weakly && tag === `W/${etag}`));
}

/** Whether `If-Range` names what there is: a strong tag, or exactly its date. */
function holds(ifRange: string, it: Representation): boolean {
  const text = ifRange.trim();
  return text.includes('"') ? text === it.etag : dateOf(text) === seconds(it);
}

/**
 * One range of bytes. Several at once, and what is not understood, mean the whole: a server may
 * ignore `Range` (RFC 9110 §14.2), and many small ranges are a known way to make it work hard.
 */
function rangeOf(header: string, size: number): Verdict {
  const [, from = "", to = ""] = /^bytes=\s*(\d*)-(\d*)\s*$/i.exec(header) ?? [];
  if (from === "" && to === "") return { kind: "full" };
  const last = size - 1;
  if (from === "") {
    const length = Number(to);
    if (length === 0 || size === 0) return { kind: "unsatisfiable" };
    return { kind: "range", first: Math.max(0, size - length), last };
  }
  const first = Number(from);
  if (to !== "" && Number(to) < first) return { kind: "full" };
  if (first > last) return { kind: "unsatisfiable" };
  return { kind: "range", first, last: to === "" ? last : Math.min(last, Number(to)) };
}

/** Whole seconds since the epoch, which is all that dates of HTTP tell. */
const seconds = ({ modifiedAtMs }: Representation): number => Math.floor(modifiedAtMs / 1_000);

/** A date in whole seconds since the epoch; `null` for none. */
function dateOf(text: string | null): number | null {
  const ms = text === null ? NaN : Date.parse(text);
  return Number.isNaN(ms) ? null : Math.floor(ms / 1_000);
}
