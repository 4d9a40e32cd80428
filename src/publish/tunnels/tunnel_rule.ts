import { portRange } from "../../core/ports.ts";
import type { RuleInput } from "../../core/rule_input.ts";
import type { ClientRow } from "../../store/clients.ts";
import type { StoredTunnel } from "../../store/tunnels.ts";

/** The ordinary rule that a tunnel compiles to. */
export function ruleOf(tunnel: StoredTunnel, { clientId, clientName }: ClientRow): RuleInput {
  const { kind, fqdn, listenPort, targetHost: host, targetPort: port, proxyProtocol } = tunnel;
  return {
    clientName,
    clientId,
    legacy: false,
    draft: {
      protocol: "tcp",
      listen: portRange(listenPort),
      targetHost: host,
      targetPorts: portRange(port),
      preferIpv6: false,
      targets: [{ host, port, priority: 0, proxyProtocol }],
      healthCheckIntervalSecs: null,
      sniPattern: kind === "passthrough" ? fqdn : null,
      limits: null,
    },
  };
}
