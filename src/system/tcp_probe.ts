/** What a connect to an address came to: milliseconds, or nothing. */
export type ProbeOutcome = number | "timeout" | "down";

/**
 * Connects to a TCP port and closes the connection again. Never rejects.
 *
 * @param hostname an address without brackets, or a host name
 */
export async function probeTcp(
  { hostname, port, timeoutMs }: {
    readonly hostname: string;
    readonly port: number;
    readonly timeoutMs: number;
  },
): Promise<ProbeOutcome> {
  const signal = AbortSignal.timeout(timeoutMs);
  const start = performance.now();
  try {
    (await Deno.connect({ hostname, port, signal })).close();
    return performance.now() - start;
  } catch {
    return signal.aborted ? "timeout" : "down";
  }
}
