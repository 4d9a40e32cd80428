/**
 * The flows of a Worker, in columns, and where each is found by the addresses of its datagrams.
 *
 * @module
 */

/** Flows of one Worker at a time. Their numbers fit 16 bits. */
export const FLOWS_MAX = 1 << 16;

/**
 * Words of a key: the listener; family and port of the source in one word, as `struct sockaddr`
 * begins; its address, of which IPv4 fills the first word; its scope; the local address.
 */
export const KEY = { words: 11, listener: 0, source: 1, address: 2, scope: 6, local: 7 } as const;

/** What a flow is. */
export const FLOW = {
  free: 0,
  /** The main thread has not said yet where it goes. */
  asked: 1,
  open: 2,
  /** Closed, until the main thread has read its counts. */
  gone: 3,
} as const;

const BUCKET_BITS = 16;

/**
 * Nothing is allocated once it is made, and pages that no flow needs are never touched. A number is
 * free again only when the main thread says so, so both sides mean the same flow by it; the
 * generation tells events of a closed descriptor from those of the flow's next one.
 */
export class FlowTable {
  readonly state = new Uint8Array(FLOWS_MAX);
  /** The connected socket; only while open. */
  readonly fd = new Int32Array(FLOWS_MAX);
  readonly generation = new Uint16Array(FLOWS_MAX);
  /** Whether somebody waits for the first reply. */
  readonly isAwaited = new Uint8Array(FLOWS_MAX);
  /** Whether the way to the target takes no segments. */
  readonly isUnsegmented = new Uint8Array(FLOWS_MAX);
  readonly #seed: number;
  readonly #keys = new Int32Array(FLOWS_MAX * KEY.words);
  /** The first flow of each bucket, plus 1. */
  readonly #heads = new Int32Array(1 << BUCKET_BITS);
  /** The next flow of the bucket, or the next free one, plus 1. */
  readonly #next = new Int32Array(FLOWS_MAX);
  #freeHead = 0;
  #used = 0;

  /** @param seed a secret: who knows it can choose addresses that all meet in one bucket */
  constructor(seed: number) {
    this.#seed = seed;
  }

  /** The highest number ever used is below this. */
  get used(): number {
    return this.#used;
  }

  /** The flow with `key`, or -1. */
  find(key: Int32Array): number {
    for (let at = this.#heads[this.#bucket(key, 0)] ?? 0; at > 0; at = this.#next[at - 1] ?? 0) {
      if (this.hasKey(at - 1, key)) return at - 1;
    }
    return -1;
  }

  hasKey(flow: number, key: Int32Array): boolean {
    const at = flow * KEY.words;
    for (let i = 0; i < KEY.words; i++) if (this.#keys[at + i] !== key[i]) return false;
    return true;
  }

  /** Word `index` of a flow's key. */
  keyAt(flow: number, index: number): number {
    return this.#keys[flow * KEY.words + index] ?? 0;
  }

  /** Makes a flow with `key`, which there is none with. @returns its number, or -1 for too many */
  add(key: Int32Array): number {
    const flow = this.#take();
    if (flow < 0) return -1;
    const at = flow * KEY.words;
    for (let i = 0; i < KEY.words; i++) this.#keys[at + i] = key[i] ?? 0;
    const bucket = this.#bucket(key, 0);
    this.#next[flow] = this.#heads[bucket] ?? 0;
    this.#heads[bucket] = flow + 1;
    this.state[flow] = FLOW.asked;
    this.isAwaited[flow] = 0;
    this.isUnsegmented[flow] = 0;
    return flow;
  }

  /** From now on the flow is not found; its number stays taken. */
  hide(flow: number): void {
    const bucket = this.#bucket(this.#keys, flow * KEY.words);
    const next = this.#next[flow] ?? 0;
    if (this.#heads[bucket] === flow + 1) {
      this.#heads[bucket] = next;
    } else {
      let before = (this.#heads[bucket] ?? 0) - 1;
      while (before >= 0 && this.#next[before] !== flow + 1) before = (this.#next[before] ?? 0) - 1;
      if (before >= 0) this.#next[before] = next;
    }
    this.state[flow] = FLOW.gone;
    this.generation[flow] = (this.generation[flow] ?? 0) + 1;
  }

  /** Frees the number of a hidden flow. */
  free(flow: number): void {
    this.state[flow] = FLOW.free;
    this.#next[flow] = this.#freeHead;
    this.#freeHead = flow + 1;
  }

  #take(): number {
    if (this.#freeHead > 0) {
      const flow = this.#freeHead - 1;
      this.#freeHead = this.#next[flow] ?? 0;
      return flow;
    }
    return this.#used < FLOWS_MAX ? this.#used++ : -1;
  }

  /** Mixes each word in by a multiplication and a fold (as in MurmurHash3). */
  #bucket(words: Int32Array, at: number): number {
    let hash = this.#seed;
    for (let i = 0; i < KEY.words; i++) {
      const word = Math.imul(words[at + i] ?? 0, 0xcc9e2d51);
      hash = Math.imul(hash ^ word ^ (word >>> 15), 0x1b873593);
      hash ^= hash >>> 13;
    }
    return hash >>> (32 - BUCKET_BITS);
  }
}
