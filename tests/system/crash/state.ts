/**
 * What an operator knows to be so: every acknowledged change, and at most one that may or may not
 * have happened.
 *
 * @module
 */

import assert from "node:assert/strict";

/** Everything an operator is responsible for: kind and id to what is known of it. */
export type State = ReadonlyMap<string, unknown>;

/** What one request changes: all of it or nothing. `undefined` is gone. */
export interface Change {
  readonly set: ReadonlyMap<string, unknown>;
  /** Something whose id the server chooses: its kind, and what it looks like. */
  readonly create?: { readonly kind: string; readonly value: unknown };
}

/** The state after a change; the created thing, if any, is under `createdId`. */
function apply(
  state: State,
  { set, create }: Change,
  createdId: string | null,
): Map<string, unknown> {
  const next = new Map(state);
  for (const [key, value] of set) {
    if (value === undefined) next.delete(key);
    else next.set(key, value);
  }
  if (create && createdId !== null) next.set(`${create.kind}/${createdId}`, create.value);
  return next;
}

/** In the order of their keys, so that they can be compared. */
const sorted = (state: State) => [...state].sort(([a], [b]) => a < b ? -1 : 1);

export class KnownState {
  #state: Map<string, unknown> = new Map();
  #pending: Change | null = null;

  get(key: string): unknown {
    return this.#state.get(key);
  }

  /** Ids of a kind for which `holds` does. */
  ids<T>(kind: string, holds: (value: T, id: string) => boolean = () => true): string[] {
    return [...this.#state].filter(([key]) => key.startsWith(`${kind}/`))
      .map(([key, value]): [string, T] => [key.slice(kind.length + 1), value as T])
      .filter(([id, value]) => holds(value, id)).map(([id]) => id);
  }

  /** A request is on its way. */
  begin(change: Change): void {
    assert.equal(this.#pending, null);
    this.#pending = change;
  }

  /** It is acknowledged. */
  commit(createdId: string | null = null): void {
    if (this.#pending === null) throw new TypeError("Nothing is pending");
    this.#state = apply(this.#state, this.#pending, createdId);
    this.#pending = null;
  }

  /**
   * Compares with what is there after a restart: what was known, or that with the pending change
   * in full. What is seen is known from then on.
   */
  settle(seen: State): void {
    const before = sorted(this.#state);
    const pending = this.#pending;
    this.#pending = null;
    if (pending === null) {
      assert.deepEqual(sorted(seen), before, "an acknowledged change is lost, or another is there");
      return;
    }
    try {
      assert.deepEqual(sorted(seen), before);
    } catch {
      const after = apply(this.#state, pending, createdId(this.#state, seen, pending));
      assert.deepEqual(
        sorted(seen),
        sorted(after),
        "an unacknowledged change is there by half, or something else is",
      );
    }
    this.#state = new Map(seen);
  }
}

/** The id of the one thing of the pending kind that was not there before. */
function createdId(before: State, seen: State, { create }: Change): string | null {
  if (!create) return null;
  const prefix = `${create.kind}/`;
  const added = [...seen.keys()].filter((key) => key.startsWith(prefix) && !before.has(key));
  return added[0]?.slice(prefix.length) ?? null;
}
