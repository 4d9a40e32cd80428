/**
 * The operator API: middleware, then routes, then the Web UI for everything else.
 *
 * @module
 */

import { Hono } from "hono";
import { PortunusError } from "../core/errors.ts";
import type { AppEnv } from "./http.ts";
import { authenticate, type AuthenticateOptions } from "./middleware/authenticate.ts";
import { errorHandler } from "./middleware/errors.ts";
import { type OutcomeOptions, recordOutcome } from "./middleware/outcome.ts";
import { securityHeaders, type SecurityHeadersOptions } from "./middleware/security_headers.ts";
import { auditRoutes, type AuditRoutesOptions } from "./routes/audit.ts";
import { authorizeRoute } from "./routes/authorize.ts";
import { authRoutes, type AuthRoutesOptions } from "./routes/auth.ts";
import { clientRoutes, type ClientRoutesOptions } from "./routes/clients.ts";
import { enrollmentRoutes, type EnrollmentRoutesOptions } from "./routes/enrollments.ts";
import {
  allRuleStatsRoute,
  ruleStatsRoutes,
  type RuleStatsRoutesOptions,
} from "./routes/rule_stats.ts";
import { credentialRoutes, type CredentialRoutesOptions } from "./routes/credentials.ts";
import { siteFileRoutes } from "./routes/site_files.ts";
import { siteRoutes } from "./routes/sites.ts";
import { sessionRoutes, type SessionRoutesOptions } from "./routes/sessions.ts";
import {
  invitationRoutes,
  type InvitationRoutesOptions,
  openInvitationRoutes,
} from "./routes/invitations.ts";
import { openApiRoute } from "./routes/openapi.ts";
import { grantRoutes, type GrantRoutesOptions } from "./routes/grants.ts";
import { ownerCapRoutes, type OwnerCapRoutesOptions } from "./routes/owner_caps.ts";
import { publishRoutes } from "./routes/publish.ts";
import { quotaRoutes, type QuotaRoutesOptions } from "./routes/quotas.ts";
import { ruleRoutes, type RuleRoutesOptions } from "./routes/rules.ts";
import { metricsRoutes, type MetricsRoutesOptions } from "./routes/metrics.ts";
import { settingsRoutes, type SettingsRoutesOptions } from "./routes/settings.ts";
import { systemRoutes, type SystemRoutesOptions } from "./routes/system.ts";
import { trafficRoutes, type TrafficRoutesOptions } from "./routes/traffic.ts";
import { tunnelRoutes } from "./routes/tunnels.ts";
import { usersExportRoute } from "./routes/users_export.ts";
import { userRoutes, type UserRoutesOptions } from "./routes/users.ts";
import type { PublishingOptions } from "./publishing.ts";
import { secondFactorRoutes, type SecondFactorRoutesOptions } from "./routes/second_factor.ts";
import { type RegisteredOperation, routesOn } from "./route.ts";
import { serveUi, type UiAssets } from "./ui.ts";

export interface AppOptions
  extends
    AuditRoutesOptions,
    AuthenticateOptions,
    AuthRoutesOptions,
    ClientRoutesOptions,
    CredentialRoutesOptions,
    SessionRoutesOptions,
    EnrollmentRoutesOptions,
    GrantRoutesOptions,
    InvitationRoutesOptions,
    MetricsRoutesOptions,
    OutcomeOptions,
    OwnerCapRoutesOptions,
    PublishingOptions,
    QuotaRoutesOptions,
    RuleRoutesOptions,
    RuleStatsRoutesOptions,
    SecondFactorRoutesOptions,
    SecurityHeadersOptions,
    SettingsRoutesOptions,
    SystemRoutesOptions,
    TrafficRoutesOptions,
    UserRoutesOptions {
  /** Makes the id that ties an unexpected error's answer to its log line. */
  readonly newId: () => string;
  readonly ui: UiAssets;
}

/** The application, and everything it can do. */
export interface Api {
  readonly app: Hono<AppEnv>;
  readonly operations: readonly RegisteredOperation[];
}

/** Builds the application. */
export function createApi(options: AppOptions): Api {
  const app = new Hono<AppEnv>();
  app.onError(errorHandler(options.logger, options.newId));
  app.use(securityHeaders(options));
  const operations: RegisteredOperation[] = [];
  const open = routesOn(app, operations);
  systemRoutes(open, options);
  openApiRoute(open, { catalogue: operations, clock: options.clock });
  authRoutes(open, options);
  openInvitationRoutes(open, options);
  const guarded = routesOn(app, operations, recordOutcome(options), authenticate(options));
  auditRoutes(guarded, options);
  clientRoutes(guarded, options);
  enrollmentRoutes(guarded, options);
  ownerCapRoutes(guarded, options);
  allRuleStatsRoute(guarded, options);
  ruleRoutes(guarded, options);
  ruleStatsRoutes(guarded, options);
  metricsRoutes(guarded, options);
  authorizeRoute(guarded, options);
  usersExportRoute(guarded, options);
  invitationRoutes(guarded, options);
  settingsRoutes(guarded, options);
  secondFactorRoutes(guarded, options);
  userRoutes(guarded, options);
  credentialRoutes(guarded, options);
  sessionRoutes(guarded, options);
  grantRoutes(guarded, options);
  quotaRoutes(guarded, options);
  trafficRoutes(guarded, options);
  tunnelRoutes(guarded, options);
  siteRoutes(guarded, options);
  siteFileRoutes(guarded, options);
  publishRoutes(guarded, options);
  app.all("/v1/*", () => {
    throw new PortunusError("not_found");
  });
  const ui = { assets: options.ui, publishes: options.publish !== null };
  app.on(["GET", "HEAD"], "*", (c) => serveUi(c, ui));
  app.all("*", () => {
    throw new PortunusError("not_found");
  });
  return { app, operations };
}
