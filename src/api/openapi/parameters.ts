import { z } from "zod";
import { u64 } from "../../core/integer_schemas.ts";
import { ulid, userId } from "../views/scalars.ts";

/** What the names in paths stand for. The examples are those that the other examples use. */
export const PATH_PARAMETERS: Readonly<Record<string, z.ZodType>> = {
  client_id: ulid.meta({ description: "The id of a client." }),
  credential_id: ulid.meta({
    description: "The id of an API credential.",
    example: "01JABCDEFGHJKMNPQRSTVWXYZ2",
  }),
  grant_id: ulid.meta({
    description: "The id of a grant.",
    example: "01JABCDEFGHJKMNPQRSTVWXYZ1",
  }),
  invitation_id: ulid.meta({
    description: "The id of an invitation.",
    example: "01JABCDEFGHJKMNPQRSTVWXYZ4",
  }),
  owner_id: z.string().meta({ description: "A user id; not checked.", example: "alice" }),
  rule_id: u64.meta({ description: "The number of a rule.", example: 0 }),
  session_id: z.string().meta({
    description: "The id of a Web session.",
    example: "4f1d0c7e9ab23568",
  }),
  tunnel_id: ulid.meta({
    description: "The id of a tunnel.",
    example: "01JABCDEFGHJKMNPQRSTVWXYZ5",
  }),
  site_id: ulid.meta({ description: "The id of a site.", example: "01JABCDEFGHJKMNPQRSTVWXYZ6" }),
  user_id: userId.meta({ description: "The id of a user." }),
};
