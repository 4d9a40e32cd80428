/** Where something listens: an address without brackets, or a host name. */
export interface TcpEndpoint {
  readonly hostname: string;
  readonly port: number;
}

/**
 * Connects to a TCP port; what is written to it leaves at once.
 *
 * @throws what the system says, and the signal's reason when it fires
 */
export async function connectTcp(
  endpoint: TcpEndpoint,
  signal: AbortSignal,
): Promise<Deno.TcpConn> {
  const connecting = Deno.connect(endpoint);
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => {
    // The system goes on for a while; what comes of it is nobody's.
    void connecting.then((late) => late.close(), () => undefined);
    reject(signal.reason);
  };
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    const conn = await Promise.race([connecting, aborted]);
    conn.setNoDelay();
    return conn;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
