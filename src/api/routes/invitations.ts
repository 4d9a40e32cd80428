/**
 * `/v1/invitations`: accounts that a superadmin offers, and the two public routes of who accepts.
 *
 * @module
 */

import { z } from "zod";
import type { AuditLog } from "../../audit/trail.ts";
import { u16 } from "../../core/integer_schemas.ts";
import { toJsonText } from "../../core/instant.ts";
import { INVITATION } from "../../core/publish_limits.ts";
import type { Invitations, ListedInvitation } from "../../identity/invitations.ts";
import { operation } from "../operation.ts";
import { publishing, type PublishingOptions } from "../publishing.ts";
import type { Route } from "../route.ts";
import { dateTime, protocol, role, ulid, userId } from "../views/scalars.ts";
import { CreatedUserView, createdUserView } from "../views/user.ts";
import { POLICY_ERRORS } from "./users.ts";

export interface InvitationRoutesOptions extends PublishingOptions {
  readonly invitations: Invitations;
  readonly trail: AuditLog;
  /** Where the Web UI is reached, if that was configured. */
  readonly publicOrigin: () => string | null;
}

const InvitedGrantBody = z.object({
  client: z.string().meta({ description: "A client's display name, or `*` for all." }),
  listen_port_start: u16,
  listen_port_end: u16,
  protocols: z.array(z.string()),
  note: z.string().nullish(),
});

const InvitationBody = z.object({
  user_id: z.string(),
  display_name: z.string().nullish().meta({ description: "Absent for the id." }),
  email: z.string().nullish(),
  role: z.string().optional().meta({ description: "`user` or `superadmin`.", default: "user" }),
  grants: z.array(InvitedGrantBody).max(100).optional(),
  expires_in_days: z.int().optional().meta({
    description: `1 to ${INVITATION.daysMax}.`,
    default: INVITATION.daysDefault,
  }),
});

const InvitationView = z.object({
  invitation_id: ulid,
  user_id: userId,
  display_name: z.string().nullable(),
  email: z.string().nullable(),
  role,
  grants: z.array(z.object({
    client: z.string(),
    listen_port_start: u16,
    listen_port_end: u16,
    protocols: z.array(protocol),
    note: z.string().nullable(),
  })),
  created_by: userId,
  created_at: dateTime,
  expires_at: dateTime,
  accepted_at: dateTime.nullable(),
  status: z.enum(["pending", "accepted", "expired"]),
}).meta({ id: "Invitation" });

function invitationView(invitation: ListedInvitation): z.input<typeof InvitationView> {
  const { acceptedAt } = invitation;
  return {
    invitation_id: invitation.invitationId,
    user_id: invitation.userId,
    display_name: invitation.displayName,
    email: invitation.email,
    role: invitation.role,
    grants: invitation.grants.map(({ client, listen, protocols, note }) => ({
      client,
      listen_port_start: listen.start,
      listen_port_end: listen.end,
      protocols: [...protocols],
      note,
    })),
    created_by: invitation.createdBy,
    created_at: toJsonText(invitation.createdAt),
    expires_at: toJsonText(invitation.expiresAt),
    accepted_at: acceptedAt && toJsonText(acceptedAt),
    status: invitation.status,
  };
}

const TOKEN = "Zs0m1u4yQf8kVb2nR6tXc9hJpLwEaGd3iYoU7KvTq5B";

const GRANT = {
  client: "edge-01",
  listen_port_start: 8000,
  listen_port_end: 8010,
  protocols: ["tcp"],
  note: null,
};

const EXAMPLE = {
  invitation_id: "01JABCDEFGHJKMNPQRSTVWXYZ4",
  user_id: "dave",
  display_name: "Dave",
  email: "dave@example.test",
  role: "user",
  grants: [GRANT],
  created_by: "admin",
  created_at: "2026-05-07T10:00:00Z",
  expires_at: "2026-05-14T10:00:00Z",
  accepted_at: null,
  status: "pending",
};

/** What a link may turn out to be. */
const LINK_ERRORS = [
  "rate_limited",
  "invitation_not_found",
  "invitation_used",
  "invitation_expired",
] as const;

export function invitationRoutes(guarded: Route, options: InvitationRoutesOptions): void {
  const { invitations } = options;
  const { route } = publishing(guarded, options);
  route("/v1/invitations", { GET: listOperation(options), POST: createOperation(options) });
  route("/v1/invitations/:invitation_id", {
    DELETE: operation({
      summary: "Revoke an invitation",
      description: "Its link is void. An account that came of it stays.",
      caller: "superadmin",
      success: { status: 204, description: "It is forgotten." },
      errors: ["invitation_not_found"],
      handle: (c) =>
        invitations.revoke(c.get("operator").userId, c.req.param("invitation_id") ?? ""),
    }),
  });
}

function listOperation({ invitations }: InvitationRoutesOptions) {
  return operation({
    summary: "List invitations",
    caller: "superadmin",
    success: {
      status: 200,
      description: "The newest first, without their tokens.",
      view: z.array(InvitationView),
      example: [EXAMPLE],
    },
    errors: [],
    handle: () => invitations.list().map(invitationView),
  });
}

function createOperation({ invitations, publicOrigin }: InvitationRoutesOptions) {
  return operation({
    summary: "Offer somebody an account",
    caller: "superadmin",
    body: InvitationBody,
    bodyExample: { user_id: "erin", display_name: "Erin", grants: [GRANT] },
    success: {
      status: 201,
      description: "The invitation, and its token this once.",
      view: InvitationView.extend({
        token: z.string(),
        url: z.string().nullable().meta({
          description: "The link; null where no public origin is configured.",
        }),
      }).meta({ id: "NewInvitation" }),
      example: { ...EXAMPLE, token: TOKEN, url: `https://console.example.test/invite#${TOKEN}` },
    },
    errors: [
      "reserved_user_id",
      "invalid_user_id",
      "invalid_display_name",
      "email_invalid",
      "invalid_client",
      "invalid_port_range",
      "empty_protocol_set",
      "invitation_invalid",
      "user_already_exists",
      "invitation_pending",
    ],
    async handle(c, { body }) {
      const { invitation, token } = await invitations.create(c.get("operator").userId, {
        userId: body.user_id,
        displayName: body.display_name ?? null,
        email: body.email ?? null,
        role: body.role ?? "user",
        grants: (body.grants ?? []).map((it) => ({
          client: it.client,
          listen: { start: it.listen_port_start, end: it.listen_port_end },
          protocols: it.protocols,
          note: it.note ?? null,
        })),
        expiresInDays: body.expires_in_days ?? INVITATION.daysDefault,
      });
      const origin = publicOrigin();
      // Behind the `#`, where it reaches no server and so no log.
      const url = origin === null ? null : `${origin}/invite#${token}`;
      return { ...invitationView(invitation), token, url };
    },
  });
}

/** For who has a link. Before the route of invitations by id. */
export function openInvitationRoutes(open: Route, options: InvitationRoutesOptions): void {
  const { route } = publishing(open, options);
  lookupRoute(route, options);
  acceptRoute(route, options);
}

function lookupRoute(route: Route, { invitations }: InvitationRoutesOptions): void {
  route("/v1/invitations/lookup", {
    POST: operation({
      summary: "Show what an invitation offers",
      caller: "anyone",
      body: z.object({ token: z.string() }),
      bodyExample: { token: TOKEN },
      success: {
        status: 200,
        description: "It can be accepted.",
        view: z.object({
          user_id: userId,
          display_name: z.string().nullable(),
          email: z.string().nullable(),
          expires_at: dateTime,
        }),
        example: {
          user_id: "dave",
          display_name: "Dave",
          email: "dave@example.test",
          expires_at: "2026-05-14T10:00:00Z",
        },
      },
      errors: [...LINK_ERRORS],
      async handle(c, { body }) {
        const { userId, displayName, email, expiresAt } = await invitations.lookUp(
          body.token,
          c.env.remoteIp,
        );
        return {
          user_id: userId,
          display_name: displayName,
          email,
          expires_at: toJsonText(expiresAt),
        };
      },
    }),
  });
}

function acceptRoute(route: Route, { invitations, trail }: InvitationRoutesOptions): void {
  route("/v1/invitations/accept", {
    POST: operation({
      summary: "Accept an invitation",
      caller: "anyone",
      body: z.object({ token: z.string(), password: z.string(), password_confirm: z.string() }),
      bodyExample: {
        token: TOKEN,
        password: "correct horse battery",
        password_confirm: "correct horse battery",
      },
      success: {
        status: 201,
        description: "The user, who can log in now.",
        view: CreatedUserView,
        example: { user_id: "dave", display_name: "Dave", role: "user" },
      },
      errors: [
        "password_mismatch",
        ...POLICY_ERRORS,
        ...LINK_ERRORS,
        "user_already_exists",
        "registration_disabled",
        "too_many_users",
      ],
      async handle(c, { body }) {
        const user = await invitations.accept({
          token: body.token,
          password: body.password,
          confirmation: body.password_confirm,
          remoteIp: c.env.remoteIp,
        });
        trail.record({
          actor: user.userId,
          role: user.role,
          outcome: "allow",
          action: "operator.invitation_accepted",
          resourceKind: "user",
          resourceValue: user.userId,
        });
        return createdUserView(user);
      },
    }),
  });
}
