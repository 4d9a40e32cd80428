import { z } from "zod";
import type { Session } from "../../control/session.ts";
import { toJsonText } from "../../core/instant.ts";
import type { ClientRow } from "../../store/clients.ts";
import { dateTime, ulid } from "./scalars.ts";

export const ClientView = z.object({
  client_id: ulid,
  client_name: z.string().meta({ description: "The display name. Names may repeat." }),
  provisioned_at: dateTime.meta({ description: "When the current token was issued." }),
  revoked_at: dateTime.nullable(),
  connected: z.boolean(),
  client_address: z.string().nullable().meta({ description: "Where its ports are reached." }),
  remote_addr: z.string().nullable().meta({ description: "Where its session comes from." }),
  connected_at: dateTime.nullable(),
}).meta({ id: "Client" });

export const CLIENT_EXAMPLE = {
  client_id: "01JABCDEFGHJKMNPQRSTVWXYZ0",
  client_name: "edge-01",
  provisioned_at: "2026-05-07T10:00:00Z",
  revoked_at: null,
  connected: true,
  client_address: "edge-01.example.com",
  remote_addr: "203.0.113.9:51514",
  connected_at: "2026-05-07T11:00:00Z",
};

/** A client as JSON; every key is always present. */
export function clientView(
  client: ClientRow,
  session: Session | undefined,
): z.input<typeof ClientView> {
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
