/** When something was not there. Moments are of one monotonic clock, in milliseconds. */
export class Absences {
  readonly #spans: { readonly from: number; to: number }[] = [];

  get isAway(): boolean {
    return this.#spans.at(-1)?.to === Infinity;
  }

  /** It may be away from `at` on. */
  leave(at: number): void {
    if (!this.isAway) this.#spans.push({ from: at, to: Infinity });
  }

  /** It is certainly there from `at` on. */
  back(at: number): void {
    const last = this.#spans.at(-1);
    if (last !== undefined) last.to = Math.min(last.to, at);
  }

  /** Whether it was away at any moment between `from` and `to`, both included. */
  overlap(from: number, to: number): boolean {
    return this.#spans.some((span) => span.from <= to && span.to >= from);
  }
}
