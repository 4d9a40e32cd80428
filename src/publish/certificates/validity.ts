/**
 * When a certificate has to be replaced.
 *
 * @module
 */

import { CERTIFICATES } from "../../core/publish_limits.ts";

/** Milliseconds since the Unix epoch. */
export interface Validity {
  readonly notBefore: number;
  readonly notAfter: number;
}

/** Until when a certificate is good enough that no other is issued for its host. */
export function sufficesUntil(validity: Validity): number {
  return validity.notAfter - atMostAThird(validity, CERTIFICATES.skipMs);
}

/** When a certificate is renewed: 30 days before its end, or at two thirds of a shorter life. */
export function renewalAt(validity: Validity): number {
  return validity.notAfter - atMostAThird(validity, CERTIFICATES.renewMs);
}

/** Otherwise an authority whose certificates live for a day would issue without end. */
function atMostAThird({ notBefore, notAfter }: Validity, ms: number): number {
  return Math.min(ms, (notAfter - notBefore) / 3);
}
