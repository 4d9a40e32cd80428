import type { Rule } from "../api/types.ts";

/** A rule for tests. */
export function sampleRule(changes: Partial<Rule> = {}): Rule {
  const { target_host = "10.0.0.5", target_port = 8080 } = changes;
  return {
    id: 7,
    client_id: "01JABCDEFGHJKMNPQRSTVWXYZ0",
    client_name: "edge-01",
    listen_port: 18_080,
    target_host,
    target_port,
    prefer_ipv6: false,
    protocol: "tcp",
    state: { kind: "active" },
    created_at: "2026-05-07T10:00:00Z",
    last_state_change_at: "2026-05-07T10:00:00Z",
    owner_user_id: "alice",
    targets: [
      { host: target_host, port: target_port, priority: 0, proxy_protocol: null, health: null },
    ],
    ...changes,
  };
}
