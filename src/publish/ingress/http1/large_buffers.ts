import { Buffer } from "node:buffer";
import { INGRESS } from "../../../core/publish_limits.ts";

const kept: Buffer[] = [];

/** Room for what comes in quickly. Whoever takes it gives it back, or leaves it to the collector. */
export function takeLargeBuffer(): Buffer {
  return kept.pop() ?? Buffer.allocUnsafeSlow(INGRESS.largeBufferBytes);
}

/** Nobody may still look into `buffer`. */
export function giveLargeBuffer(buffer: Buffer): void {
  if (kept.length < INGRESS.largeBuffersKept) kept.push(buffer);
}
