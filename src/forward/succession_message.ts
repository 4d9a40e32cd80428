/**
 * What a process and its successor say to each other, in this order:
 *
 * 1. successor: `take_over`; the other: `offer`, and its sockets, or `refused`
 * 2. successor, once it serves with them: `serving`; the other, once it takes nothing new:
 *    `released`, or `withdrawn` when that came too late
 * 3. the one that ends, as long as it drains: `news`
 *
 * @module
 */

/** A later version of the programs may change the rest of the messages; then it is another one. */
export const SUCCESSION_VERSION = 1;

export type SuccessionMessage =
  | { readonly type: "take_over"; readonly version: number; readonly identity: string }
  | { readonly type: "refused"; readonly reason: string }
  /** `state` is what the successor begins with; what it says is the programs' affair. */
  | { readonly type: "offer"; readonly state: string }
  | { readonly type: "serving" }
  | { readonly type: "withdrawn" }
  | { readonly type: "released"; readonly news: string }
  | { readonly type: "news"; readonly news: string };

/** Why no process takes another's place. The other one goes on then. */
export class SuccessionError extends Error {
  override readonly name = "SuccessionError";
}

const TYPES: ReadonlySet<unknown> = new Set<SuccessionMessage["type"]>([
  "take_over",
  "refused",
  "offer",
  "serving",
  "withdrawn",
  "released",
  "news",
]);

/** Reads a message; `null` stands for the end. @throws {SuccessionError} when it is none */
export function parseMessage(text: string | null): SuccessionMessage | null {
  if (text === null) return null;
  try {
    const message = JSON.parse(text);
    if (TYPES.has(message?.type)) return message;
  } catch {
    // Not JSON.
  }
  throw new SuccessionError("the other process is of another kind");
}
