/** Both ends of a forwarded connection. */
export interface Pair {
  readonly outside: Deno.Conn;
  readonly inside: Deno.Conn;
}

/**
 * Opens `count` connections to `port` of this host, which `target` gets the other end of; one after
 * another, so that it is clear which belongs to which.
 */
export async function openPairs({ port, target, count }: {
  readonly port: number;
  readonly target: Deno.TcpListener;
  readonly count: number;
}): Promise<Pair[]> {
  const pairs: Pair[] = [];
  while (pairs.length < count) {
    const [outside, inside] = await Promise.all([Deno.connect({ port }), target.accept()]);
    pairs.push({ outside, inside });
  }
  return pairs;
}
