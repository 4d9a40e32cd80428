/**
 * What processes cost, from `/proc` (proc_pid_stat(5)).
 *
 * @module
 */

/** Clock ticks a second: `sysconf(_SC_CLK_TCK)`, which is 100 on every Linux that Deno runs on. */
const TICKS = 100;

/** CPU time of a process, its threads, its children and those that have ended, in seconds. */
export function cpuSeconds(pid: number): number {
  return ticksOf(pid) / TICKS;
}

function ticksOf(pid: number): number {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === null) return 0;
  return ticksIn(stat) + childrenOf(pid).reduce((sum, child) => sum + ticksOf(child), 0);
}

/** utime, stime, cutime and cstime: fields 14 to 17; the second may hold spaces and brackets. */
export function ticksIn(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
}

/** Resident memory of a process, in MiB. */
export function residentMiB(pid: number): number {
  const status = read(`/proc/${pid}/status`) ?? "";
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? NaN) / 1_024;
}

function childrenOf(pid: number): number[] {
  const text = read(`/proc/${pid}/task/${pid}/children`) ?? "";
  return text.split(" ").filter((part) => part !== "").map(Number);
}

/** `null` for a process that has ended. */
function read(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return null;
  }
}
