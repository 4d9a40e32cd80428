import { call } from "../api/client.ts";

/** Open connections, or UDP flows, by rule; without those whose client has not reported yet. */
export async function openConnections(): Promise<ReadonlyMap<number, number>> {
  const stats = await call("GET /v1/rules/stats", {});
  if (!stats.ok) return new Map();
  return new Map(
    stats.value.map((it) => [
      it.rule_id,
      it.protocol === "tcp" ? it.active_connections : it.active_flows,
    ]),
  );
}
