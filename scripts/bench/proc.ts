/** What Linux tells of a process (proc_pid_stat(5), proc_pid_status(5)). */

/** Ticks of `utime` and `stime` per second, on every architecture Linux runs Deno on. */
const TICKS_PER_SECOND = 100;

/** Seconds of processor time so far, of all threads. */
export function cpuSeconds(pid: number): number {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Resident memory in MiB. */
export function residentMiB(pid: number): number {
  const [, kib = "0"] = /^VmRSS:\s+(\d+) kB/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`)) ??
    [];
  return Number(kib) / 1_024;
}
