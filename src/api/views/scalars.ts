import { z } from "zod";

/** RFC 3339 in UTC. */
export const dateTime = z.string().meta({
  format: "date-time",
  example: "2026-05-07T10:00:00.123Z",
});
export const ulid = z.string().meta({
  description: "A ULID: 26 characters of Crockford's base 32.",
  example: "01JABCDEFGHJKMNPQRSTVWXYZ0",
});
export const userId = z.string().meta({ example: "alice" });
export const role = z.enum(["superadmin", "user"]);
export const protocol = z.enum(["tcp", "udp"]);
