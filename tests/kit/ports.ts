/**
 * Ports to listen on: below the range that the system gives to outgoing connections, so that none
 * of those takes one before it is bound, and above the ports that `fetch` refuses to talk to.
 */
const FIRST = 16_384;
const END = 32_768;

/** A port that nobody listens on right now. */
export function freePort(): number {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = FIRST + Math.floor(Math.random() * (END - FIRST));
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
