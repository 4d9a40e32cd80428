/**
 * What the operating system says of this process, as far as it can be asked. Deno gives `/proc`
 * only to programs that may do everything, which ours may not: then descriptors are unknown.
 *
 * @module
 */

export interface ProcessFacts {
  readonly fd_open: number | null;
  /** The soft limit. */
  readonly fd_limit: number | null;
  readonly rss_bytes: number | null;
}

/** A pair of limits on open descriptors; `null` is unlimited. */
export interface DescriptorLimits {
  readonly soft: number | null;
  readonly hard: number | null;
}

/** Counts what this process uses. */
export function processFacts(): ProcessFacts {
  return {
    fd_open: openDescriptors(),
    fd_limit: descriptorLimits()?.soft ?? null,
    rss_bytes: Deno.build.os === "linux" ? Deno.memoryUsage().rss : null,
  };
}

/** The limits on descriptors; `null` when they cannot be read. */
export function descriptorLimits(): DescriptorLimits | null {
  try {
    return parseLimits(Deno.readTextFileSync("/proc/self/limits"));
  } catch {
    return null;
  }
}

/** Reads `Max open files` of `/proc/<pid>/limits` (proc(5)). */
export function parseLimits(text: string): DescriptorLimits | null {
  const [, soft, hard] = /^Max open files\s+(\d+|unlimited)\s+(\d+|unlimited)/m.exec(text) ?? [];
  if (soft === undefined || hard === undefined) return null;
  const count = (word: string) => word === "unlimited" ? null : Number(word);
  return { soft: count(soft), hard: count(hard) };
}

function openDescriptors(): number | null {
  try {
    return [...Deno.readDirSync("/proc/self/fd")].length;
  } catch {
    return null;
  }
}
