import type { Session } from "../../control/session.ts";
import { toJsonText } from "../../core/instant.ts";
import type { ClientRow } from "../../store/clients.ts";

/** A client as JSON; every key is always present. */
export function clientView(client: ClientRow, session: Session | undefined) {
  return {
    client_id: client.clientId,
    client_name: client.clientName,
    provisioned_at: toJsonText(client.issuedAt),
    revoked_at: client.revokedAt === null ? null : toJsonText(client.revokedAt),
    connected: session !== undefined,
    client_address: client.clientAddress,
    remote_addr: session?.remoteAddr ?? null,
    connected_at: session ? toJsonText(session.connectedAt) : null,
  };
}
