import { useEffect, useState } from "preact/hooks";
import { call } from "../api/client.ts";
import type { Window } from "../api/traffic.ts";
import type { Traffic } from "../api/types.ts";
import type { Bar } from "../components/bars.tsx";
import { queryOf } from "./traffic_panel.tsx";

/** Somebody whose traffic is looked up. */
export interface Mover {
  readonly kind: "client" | "user";
  readonly id: string;
  readonly name: string;
}

const ASKED_MAX = 24;
const SHOWN_MAX = 6;

/**
 * Who moved the most in a window. At most {@linkcode ASKED_MAX} are asked about, one after the
 * other, and no more often than the window moves.
 */
export function useShares(movers: readonly Mover[], window: Window): readonly Bar[] | undefined {
  const [bars, setBars] = useState<readonly Bar[]>();
  const asked = movers.slice(0, ASKED_MAX);
  const key = `${window.from} ${window.to} ${asked.map((it) => it.id).join()}`;
  useEffect(() => {
    let current = true;
    void lookUp(asked, window, () => current).then((found) => {
      if (current) setBars(found);
    });
    return () => void (current = false);
  }, [key]);
  return bars;
}

async function lookUp(
  movers: readonly Mover[],
  window: Window,
  isWanted: () => boolean,
): Promise<readonly Bar[]> {
  const bars: Bar[] = [];
  for (const { kind, id, name } of movers) {
    if (!isWanted()) break;
    const query = queryOf(window);
    const result = kind === "client"
      ? await call("GET /v1/clients/{client_id}/traffic", { path: { client_id: id }, query })
      : await call("GET /v1/users/{user_id}/traffic", { path: { user_id: id }, query });
    if (!result.ok) continue;
    bars.push({ key: id, label: name, href: `/${kind}s/${id}`, ...bytesOf(result.value) });
  }
  return topOf(bars, SHOWN_MAX);
}

const bytesOf = ({ total_bytes_in, total_bytes_out }: Traffic) => ({
  bytesIn: total_bytes_in,
  bytesOut: total_bytes_out,
});

/** Those with the most, without those that have nothing. */
export function topOf(bars: readonly Bar[], count: number): readonly Bar[] {
  const total = (it: Bar) => it.bytesIn + it.bytesOut;
  return bars.filter((it) => total(it) > 0).toSorted((a, b) => total(b) - total(a))
    .slice(0, count);
}
