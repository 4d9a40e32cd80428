import type { Load } from "./load.ts";

/** What a rule says of itself. */
export interface RuleTotals {
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly connectionsTotal: number;
  readonly active: number;
}

/** Processes under load, and what is sent through them. */
export interface World extends AsyncDisposable {
  /** Those whose memory and descriptors are watched. */
  readonly processes: readonly { readonly name: string; readonly pid: number }[];
  readonly loads: readonly Load[];
  /** By rule name. */
  totals(): Promise<ReadonlyMap<string, RuleTotals>>;
}
