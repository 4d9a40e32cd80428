/**
 * `/v1/publish`: the stages of setting up, and certificates.
 *
 * @module
 */

import { z } from "zod";
import { stringifyJson } from "../../core/json.ts";
import type { Publish } from "../../publish/publish.ts";
import type { ProvisionListener } from "../../publish/stages/provisioning.ts";
import type { EventStreams } from "../event_streams.ts";
import type { AppContext } from "../http.ts";
import { operation } from "../operation.ts";
import { publishing, type PublishingOptions, type PublishingRoutes } from "../publishing.ts";
import type { Route } from "../route.ts";
import { certificateView } from "../views/certificate.ts";
import {
  DnsFindingView,
  dnsFindingView,
  HostCertificateView,
  provisionView,
  PublishStatusView,
  taskView,
} from "../views/publish.ts";

export interface PublishRoutesOptions extends PublishingOptions {
  readonly streams: EventStreams;
}

const PENDING = { status: "pending", message: null } as const;

const PROVISION = {
  running: false,
  tasks: [
    { task: "listeners", title: "Listen for browsers", ...PENDING },
    { task: "acme-account", title: "Register with the certificate authority", ...PENDING },
  ],
};

const STATUS = {
  status: "DNS_READY",
  domain: "example.com",
  email: "ops@example.com",
  public_ip: "192.0.2.10",
  provision: PROVISION,
};

const STAGE_ERRORS = ["publish_onboarding_completed", "publish_wrong_stage"] as const;

const current = (description: string, status: string) =>
  ({
    status: 200,
    description,
    view: PublishStatusView,
    example: { ...STATUS, status },
  }) as const;

export function publishRoutes(open: Route, options: PublishRoutesOptions): void {
  const routes = publishing(open, options);
  domainRoutes(routes);
  provisionRoutes(routes, options);
  routes.route("/v1/publish/certificates", {
    GET: operation({
      summary: "List the certificates of hosts",
      caller: "superadmin",
      success: {
        status: 200,
        description: "Every host that has, or wants, a certificate, by name.",
        view: z.array(HostCertificateView),
        example: [{
          host: "app.example.com",
          status: "valid",
          source: "acme",
          not_after: "2026-08-05T10:00:00Z",
          last_error: null,
          next_attempt: null,
        }],
      },
      errors: [],
      handle() {
        const { certificates } = routes.services();
        return certificates.hosts().map((host) => ({
          host,
          ...certificateView(certificates.status(host)),
        }));
      },
    }),
  });
}

function statusView({ stages }: Publish, isSuperadmin = true): z.input<typeof PublishStatusView> {
  const { status, domain, email, publicIp } = stages.state;
  return {
    status,
    domain,
    email: isSuperadmin ? email : null,
    public_ip: publicIp,
    provision: provisionView(stages.provisioning.state),
  };
}

function domainRoutes({ route, services }: PublishingRoutes): void {
  route("/v1/publish/status", {
    GET: operation({
      summary: "Show how far the set-up of publishing is",
      caller: "operator",
      success: current("The stage, and the last run.", "DNS_READY"),
      errors: [],
      handle: (c) => statusView(services(), c.get("operator").role === "superadmin"),
    }),
  });

  route("/v1/publish/domain", {
    POST: operation({
      summary: "Set the domain that names are published below",
      description: "Before `verify-dns` succeeded. Later, reset first.",
      caller: "superadmin",
      body: z.object({
        domain: z.string(),
        email: z.string().meta({ description: "Whom the certificate authority may write to." }),
      }),
      bodyExample: { domain: "example.com", email: "ops@example.com" },
      success: current("The stage that was reached.", "DOMAIN_SET"),
      errors: ["domain_invalid", "email_invalid", "host_invalid", ...STAGE_ERRORS],
      handle(_, { body }) {
        services().stages.setDomain(body);
        return statusView(services());
      },
    }),
  });

  route("/v1/publish/verify-dns", {
    POST: operation({
      summary: "Look up where the domain leads",
      description: "Asks for the domain and for a name below it that nobody has. When the domain " +
        "has the expected address, the stage is `DNS_READY`.",
      caller: "superadmin",
      success: {
        status: 200,
        description: "What was found; also when it is not as expected.",
        view: DnsFindingView,
        example: {
          ok: true,
          domain: "example.com",
          resolved_ips: ["192.0.2.10"],
          expected_ip: "192.0.2.10",
          message: "example.com has 192.0.2.10, as expected",
          wildcard_ok: false,
          wildcard_resolved_ips: [],
          wildcard_message: "portunus-6f1d.example.com has no A record; expected 192.0.2.10",
        },
      },
      errors: [...STAGE_ERRORS],
      handle: async () => dnsFindingView(await services().stages.verifyDns()),
    }),
  });
}

function provisionRoutes(
  { route, services }: PublishingRoutes,
  { streams }: PublishRoutesOptions,
): void {
  route("/v1/publish/provision", {
    POST: operation({
      summary: "Set up what publishing needs",
      description: "In the background, and again after a run that failed or was cut short. " +
        "Registers with the certificate authority, which agrees to its terms of service.",
      caller: "superadmin",
      success: {
        status: 202,
        description: "The run has begun.",
        view: PublishStatusView,
        example: { ...STATUS, status: "PROVISIONING", provision: { ...PROVISION, running: true } },
      },
      errors: ["publish_already_running", ...STAGE_ERRORS],
      handle() {
        services().stages.provision();
        return statusView(services());
      },
    }),
  });

  route("/v1/publish/provision/stream", {
    GET: operation({
      summary: "Follow a run",
      description: "Server-sent events: `state` with everything at once, `task` for every change " +
        "of a task, `complete` or `failed` at the end of a run. Ends with the set-up.",
      caller: "superadmin",
      success: {
        status: 200,
        description: "Events, each with JSON.",
        mediaType: "text/event-stream",
        example: `event: state\ndata: ${JSON.stringify(PROVISION)}\n\n`,
      },
      errors: ["publish_onboarding_completed"],
      handle: (c) => follow(c, services(), streams),
    }),
  });

  route("/v1/publish/reset", {
    POST: operation({
      summary: "Begin the set-up anew",
      description: "Only when there are no tunnels and no sites. Certificates and the account " +
        "with the certificate authority are kept.",
      caller: "superadmin",
      success: {
        ...current("The first stage.", "FRESH"),
        example: { ...STATUS, status: "FRESH", domain: null, email: null, public_ip: null },
      },
      errors: ["publish_in_use", "publish_already_running"],
      handle() {
        services().stages.reset();
        return statusView(services());
      },
    }),
  });
}

function follow(c: AppContext, { stages }: Publish, streams: EventStreams): Response {
  stages.requireUnfinished();
  c.header("Content-Type", "text/event-stream");
  c.header("Cache-Control", "no-cache");
  if (c.req.method === "HEAD") return c.body(null);
  const { provisioning } = stages;
  const stream = streams.open(() => subscription[Symbol.dispose]());
  const listener: ProvisionListener = {
    changed(task, { tasks }) {
      const done = tasks.filter(({ status }) => status === "done").length;
      const progress = { current: done, total: tasks.length };
      stream.send("task", stringifyJson({ ...taskView(task), progress }));
    },
    ended(error) {
      if (error !== null) return stream.send("failed", stringifyJson({ error }));
      stream.send("complete", stringifyJson({ status: stages.state.status }));
      stream.end();
    },
  };
  const subscription = provisioning.subscribe(listener);
  stream.send("state", stringifyJson(provisionView(provisioning.state)));
  return c.body(stream.body);
}
