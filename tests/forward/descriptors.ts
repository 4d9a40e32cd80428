/**
 * What this process has open, from `/proc/self` (proc_pid_fd(5), proc_pid_fdinfo(5)).
 *
 * @module
 */

import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";

/** What is behind each descriptor, by its number. */
export type Descriptors = ReadonlyMap<number, string>;

/** Those that are open now. */
export function descriptors(): Descriptors {
  const open = new Map<number, string>();
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    const link = ifThere(() => Deno.readLinkSync(`/proc/self/fd/${name}`));
    // The one that the directory is read through is gone by now.
    if (link !== null) open.set(Number(name), link);
  }
  return open;
}

/** Resolves when everything is closed that was opened since `before`. */
export async function allClosedSince(before: Descriptors): Promise<void> {
  const deadline = performance.now() + 20_000;
  // Threads that have ended close theirs a moment later.
  for (let left = opened(before); left.length > 0; left = opened(before)) {
    if (performance.now() > deadline) assert.deepEqual(left, [], "left open");
    await turn();
  }
}

/** What is open and was not before, except what the runtime keeps. */
function opened(before: Descriptors): string[] {
  const now = [...descriptors()];
  const kept = new Set(now.flatMap(([fd, link]) => runtimePoll(fd, link)));
  return now
    .filter(([fd, link]) => before.get(fd) !== link && !kept.has(fd))
    .map(([fd, link]) => `${fd} ${link}`);
}

/**
 * An epoll instance of the runtime, and the eventfd that wakes it: it keeps those of a Worker's
 * thread for some seconds after its end. The engine's have their own descriptor as data.
 */
function runtimePoll(fd: number, link: string): number[] {
  if (link !== "anon_inode:[eventpoll]") return [];
  const info = ifThere(() => Deno.readTextFileSync(`/proc/self/fdinfo/${fd}`)) ?? "";
  const watched = [...info.matchAll(/^tfd:\s*(\d+) .*data:\s*([0-9a-f]+)/gm)]
    .filter(([, other, data]) => Number(other) !== parseInt(data ?? "", 16))
    .map(([, other]) => Number(other));
  return watched.length === 0 ? [] : [fd, ...watched];
}

function ifThere<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
