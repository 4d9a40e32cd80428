/**
 * Answers that several parts of a page share: asked for once, again at an interval while the tab
 * can be seen, and again after a change.
 *
 * @module
 */

import { type Signal, signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import {
  type Answer,
  type ApiError,
  call,
  type OperationName,
  type Request,
  urlOf,
} from "./client.ts";

/** What is known of an answer. Data stays while it is asked for again, and when that fails. */
export interface QueryState<T> {
  readonly data: T | undefined;
  /** Why the last attempt failed; `null` after one that did not. */
  readonly error: ApiError | null;
  /** When `data` came, in milliseconds since the epoch. */
  readonly updatedAt: number;
}

interface Entry {
  readonly state: Signal<QueryState<unknown>>;
  readonly refresh: () => Promise<void>;
  readonly intervals: number[];
  timer: ReturnType<typeof setInterval> | undefined;
}

const NOTHING: QueryState<unknown> = { data: undefined, error: null, updatedAt: 0 };
const FRESH_MS = 5_000;
/** How soon what could not be had is asked for again, even where once is enough. */
const RETRY_MS = 5_000;
const entries = new Map<string, Entry>();

/** The error that the page shows above everything, until something succeeds. */
export const lastFailure = signal<ApiError | null>(null);

/** When the server last answered a question, in milliseconds since the epoch; 0 before. */
export const lastAnswerAt = signal(0);

/** Asks again for everything that is shown. */
export async function refreshShown(): Promise<void> {
  const shown = [...entries.values()].filter(({ intervals }) => intervals.length > 0);
  await Promise.all(shown.map((entry) => entry.refresh()));
}

/** Forgets every answer, as when the session ends. */
export function clearQueries(): void {
  for (const { timer } of entries.values()) clearInterval(timer);
  entries.clear();
  lastFailure.value = null;
}

/** Asks again for what is shown of `resource`, whatever the query; not for resources below it. */
export async function invalidate(resource: string): Promise<void> {
  const touched = [...entries].filter(([key]) => key.split("?")[0] === resource);
  for (const [key, { intervals }] of touched) if (intervals.length === 0) entries.delete(key);
  await Promise.all(touched.map(([, entry]) => entry.intervals.length > 0 && entry.refresh()));
}

export interface QueryOptions {
  /** Milliseconds between two questions; 0 asks once. */
  readonly everyMs?: number;
}

/** The answer of `operation`, kept up to date while the component is shown. */
export function useQuery<K extends OperationName>(
  operation: K,
  request: Request<K>,
  { everyMs = 0 }: QueryOptions = {},
): QueryState<Answer<K>> & { readonly reload: () => void } {
  const { path, query } = request as Parameters<typeof addressOf>[1];
  const key = addressOf(operation, { path, query });
  const entry = useMemo(() => entryOf(operation, request, key), [key]);
  useEffect(() => watch(entry, everyMs), [entry, everyMs]);
  const state = entry.state.value as QueryState<Answer<K>>;
  return { ...state, reload: () => void entry.refresh() };
}

function addressOf(
  operation: string,
  { path, query }: {
    path?: Readonly<Record<string, string | number>> | undefined;
    query?: Readonly<Record<string, string | undefined>> | undefined;
  },
): string {
  return urlOf(operation.slice(operation.indexOf(" ") + 1), path, query);
}

function entryOf<K extends OperationName>(
  operation: K,
  request: Request<K>,
  key: string,
): Entry {
  const known = entries.get(key);
  if (known) return known;
  sweep();
  const state = signal(NOTHING);
  let running: Promise<void> | null = null;
  const ask = async () => {
    const result = await call(operation, request);
    state.value = result.ok
      ? { data: result.value, error: null, updatedAt: Date.now() }
      : { ...state.value, error: result.error };
    lastFailure.value = result.ok || result.error.status === 401 ? null : result.error;
    if (result.ok) lastAnswerAt.value = Date.now();
    reschedule(entry);
  };
  const entry: Entry = {
    state,
    refresh: () => running ??= ask().finally(() => running = null),
    intervals: [],
    timer: undefined,
  };
  entries.set(key, entry);
  return entry;
}

/** Forgets what nobody shows any more and is too old to be shown again as it is. */
function sweep(): void {
  for (const [key, { intervals, state }] of entries) {
    const age = Date.now() - state.value.updatedAt;
    if (intervals.length === 0 && age > FRESH_MS && age < Date.now()) entries.delete(key);
  }
}

/** Polls at the shortest interval that anybody wants, until the returned function is called. */
function watch(entry: Entry, everyMs: number): () => void {
  entry.intervals.push(everyMs);
  reschedule(entry);
  if (Date.now() - entry.state.value.updatedAt > FRESH_MS) void entry.refresh();
  const onVisible = () => void (document.hidden || everyMs === 0 || entry.refresh());
  document.addEventListener("visibilitychange", onVisible);
  return () => {
    entry.intervals.splice(entry.intervals.indexOf(everyMs), 1);
    reschedule(entry);
    document.removeEventListener("visibilitychange", onVisible);
  };
}

/** Whether a failure is one of the server or of the way to it, which end by themselves. */
const mayPass = (error: ApiError | null) =>
  error !== null && (error.status === 0 || error.status >= 500);

function reschedule(entry: Entry): void {
  clearInterval(entry.timer);
  const wanted = entry.intervals.filter((it) => it > 0);
  if (entry.intervals.length > 0 && mayPass(entry.state.value.error)) wanted.push(RETRY_MS);
  if (wanted.length === 0) return;
  entry.timer = setInterval(() => {
    if (!document.hidden) void entry.refresh();
  }, Math.min(...wanted));
}
