import type { RateLimit } from "../api/types.ts";

/** Caps in short: `↓1.5M · ↑20K · 10/s · ≤5`, bytes in steps of 1024; `—` for none. */
export function capsText(limits: RateLimit | undefined): string {
  const { bandwidth_in_bps, bandwidth_out_bps, new_connections_per_sec, concurrent_connections } =
    limits ?? {};
  const parts = [
    ...(bandwidth_in_bps === undefined ? [] : [`↓${shortBytes(bandwidth_in_bps)}`]),
    ...(bandwidth_out_bps === undefined ? [] : [`↑${shortBytes(bandwidth_out_bps)}`]),
    ...(new_connections_per_sec === undefined ? [] : [`${new_connections_per_sec}/s`]),
    ...(concurrent_connections === undefined ? [] : [`≤${concurrent_connections}`]),
  ];
  return parts.length === 0 ? "—" : parts.join(" · ");
}

function shortBytes(bytes: number): string {
  if (bytes >= 2 ** 20) return `${(bytes / 2 ** 20).toFixed(1)}M`;
  return bytes >= 2 ** 10 ? `${Math.round(bytes / 2 ** 10)}K` : `${bytes}`;
}
