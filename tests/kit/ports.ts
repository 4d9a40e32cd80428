/**
 * Ports to listen on: below the range that the system gives to outgoing connections, so that none
 * of those takes one before it is bound, and above the ports that `fetch` refuses to talk to.
 *
 * Every test file takes a block of them for itself, and none is given out twice before the block
 * has been gone round: a port may be free and still be the one that somebody is about to bind.
 */
const FIRST = 10_240;
const BLOCK = 1_024;
const BLOCKS = 22;

/** Listening on a block's first port says that it is taken; it ends with the file's Worker. */
const claim = claimBlock();
const start = claim.addr.port + 1;
const length = BLOCK - 1;
let next = 0;

/** A port that nobody listens on right now. */
export function freePort(): number {
  return freeRange(1);
}

/** The first of `count` adjacent ports that nobody listens on. */
export function freeRange(count: number): number {
  for (let attempt = 0; attempt < length; attempt++) {
    if (next + count > length) next = 0;
    const first = start + next;
    const taken = Array.from({ length: count }, (_, i) => first + i).findLast((p) => !isFree(p));
    if (taken === undefined) {
      next += count;
      return first;
    }
    next = taken + 1 - start;
  }
  throw new Error(`No ${count} adjacent free ports from ${start} to ${start + length - 1}`);
}

function claimBlock(): Deno.TcpListener {
  const offset = Math.floor(Math.random() * BLOCKS);
  for (let i = 0; i < BLOCKS; i++) {
    const port = FIRST + ((offset + i) % BLOCKS) * BLOCK;
    try {
      return Deno.listen({ hostname: "::", port });
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
  throw new Error(`All ${BLOCKS} blocks of ports from ${FIRST} on are taken`);
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
