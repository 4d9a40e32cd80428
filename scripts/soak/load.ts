/**
 * What goes through a subject, and comes back unchanged.
 *
 * @module
 */

/** What one kind of traffic has done so far. */
export interface Tally {
  connections: number;
  sent: number;
  received: number;
  /** Bytes that came back wrong, connections that failed, datagrams that were lost. */
  failures: number;
  lastFailure: string | null;
}

/** A kind of traffic that goes to a rule. */
export interface Load {
  /** The name of the rule. */
  readonly rule: string;
  /** Its part of the traffic: so many of the connections of a round are its own. */
  readonly turns: number;
  readonly tally: Tally;
  /** One connection, or one exchange of a flow. Never rejects: what fails is in the tally. */
  once(random: () => number): Promise<void>;
}

export function noTally(): Tally {
  return { connections: 0, sent: 0, received: 0, failures: 0, lastFailure: null };
}

/** Random bytes that all traffic is cut from, so that making it costs nothing. */
const NOISE_BYTES = 512 * 1_024;
const noise = new Uint8Array(NOISE_BYTES);
for (let at = 0; at < NOISE_BYTES; at += 65_536) {
  crypto.getRandomValues(noise.subarray(at, at + 65_536));
}

/** `length` bytes from anywhere in the noise. */
export function payload(length: number, random: () => number): Uint8Array<ArrayBuffer> {
  const at = Math.floor(random() * (NOISE_BYTES - length));
  return noise.subarray(at, at + length);
}

/** Throws when `received` is not what is at `at` of `sent`. */
export function checkEcho(sent: Uint8Array, at: number, received: Uint8Array): void {
  for (let i = 0; i < received.length; i++) {
    if (sent[at + i] !== received[i]) throw new Error(`byte ${at + i} came back wrong`);
  }
}
