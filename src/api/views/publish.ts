import { z } from "zod";
import type { DnsFinding } from "../../publish/stages/dns_check.ts";
import type { ProvisionState, TaskState } from "../../publish/stages/provisioning.ts";
import { CertificateView } from "./certificate.ts";

/** Kept beside `store/publish_state.ts`, which is loaded only by servers that publish. */
const STATUSES = ["FRESH", "DOMAIN_SET", "DNS_READY", "PROVISIONING", "COMPLETED"] as const;

export const ProvisionTaskView = z.object({
  task: z.enum(["listeners", "acme-account", "issue-certs", "ingress", "verify", "finalize"]),
  title: z.string(),
  status: z.enum(["pending", "running", "done", "error"]),
  message: z.string().nullable().meta({ description: "What came of it, or why it failed." }),
}).meta({ id: "ProvisionTask" });

export const PublishStatusView = z.object({
  status: z.enum(STATUSES),
  domain: z.string().nullable(),
  email: z.string().nullable().meta({ description: "Null for users." }),
  public_ip: z.string().nullable().meta({
    description: "What names of this server have to resolve to, as far as that is known.",
  }),
  provision: z.object({
    running: z.boolean(),
    tasks: z.array(ProvisionTaskView),
  }),
}).meta({ id: "PublishStatus" });

export const DnsFindingView = z.object({
  ok: z.boolean(),
  domain: z.string(),
  resolved_ips: z.array(z.string()),
  expected_ip: z.string().nullable().meta({
    description: "Null when `publish.public_ip` is not set: nothing is compared then.",
  }),
  message: z.string(),
  wildcard_ok: z.boolean().meta({ description: "For a name below the domain; not required." }),
  wildcard_resolved_ips: z.array(z.string()),
  wildcard_message: z.string(),
}).meta({ id: "DnsFinding" });

export const HostCertificateView = CertificateView.extend({ host: z.string() })
  .meta({ id: "HostCertificate" });

export function provisionView({ running, tasks }: ProvisionState) {
  return { running, tasks: tasks.map(taskView) };
}

export function taskView({ task, title, status, message }: TaskState) {
  return { task, title, status, message };
}

export function dnsFindingView(
  { domain, wildcard, ...base }: DnsFinding & {
    readonly domain: string;
    readonly wildcard: DnsFinding;
  },
): z.input<typeof DnsFindingView> {
  return {
    ok: base.ok,
    domain,
    resolved_ips: [...base.resolvedIps],
    expected_ip: base.expectedIp,
    message: base.message,
    wildcard_ok: wildcard.ok,
    wildcard_resolved_ips: [...wildcard.resolvedIps],
    wildcard_message: wildcard.message,
  };
}
