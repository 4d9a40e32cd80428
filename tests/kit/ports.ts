/**
 * A port that nobody listens on right now, below the range that the system gives to outgoing
 * connections (32768 and up), so that none of those takes it before it is bound.
 */
export function freePort(): number {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = 10_000 + Math.floor(Math.random() * 22_000);
    if (isFree(port)) return port;
  }
  throw new Error("No free port found in 100 attempts");
}

/** The first of `length` adjacent ports that nobody listens on. */
export function freeRange(length: number): number {
  for (let attempt = 0; attempt < 100; attempt++) {
    const start = freePort();
    if (Array.from({ length }, (_, i) => start + i).every(isFree)) return start;
  }
  throw new Error(`No ${length} adjacent free ports found in 100 attempts`);
}

function isFree(port: number): boolean {
  try {
    Deno.listen({ hostname: "::", port }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return false;
    throw error;
  }
}
