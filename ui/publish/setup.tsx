/**
 * The way from a fresh server to one that publishes: domain, DNS, and what the server sets up.
 *
 * @module
 */

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { useAction } from "../api/action.ts";
import { call } from "../api/client.ts";
import { invalidate } from "../api/query.ts";
import type { DnsFinding, PublishStatus } from "../api/types.ts";
import { Confirm } from "../components/dialog.tsx";
import { Field, Form } from "../components/field.tsx";
import { t } from "../i18n/i18n.ts";
import { Certificates } from "./certificates.tsx";
import { DnsRecord } from "./dns_record.tsx";
import { useProvision } from "./provisioning.ts";

/** What the server has reached, from the first stage to the last. */
const STAGES = ["FRESH", "DOMAIN_SET", "DNS_READY", "PROVISIONING", "COMPLETED"] as const;

interface StageProps {
  readonly status: PublishStatus;
}

const reached = ({ status }: PublishStatus, stage: PublishStatus["status"]) =>
  STAGES.indexOf(status) >= STAGES.indexOf(stage);

/** For superadmins. */
export function Setup({ status }: StageProps) {
  return (
    <>
      <Stage number={1} title={t("setup.domain")} done={reached(status, "DOMAIN_SET")}>
        {reached(status, "DNS_READY")
          ? (
            <p>
              {status.domain} <span class="muted">{status.email}</span>
            </p>
          )
          : <DomainForm status={status} />}
      </Stage>
      <Stage number={2} title={t("setup.dns")} done={reached(status, "DNS_READY")}>
        {status.domain !== null && !reached(status, "PROVISIONING") && <DnsStage status={status} />}
      </Stage>
      <Stage number={3} title={t("setup.provision")} done={reached(status, "COMPLETED")}>
        {reached(status, "DNS_READY") && <ProvisionStage status={status} />}
      </Stage>
      {reached(status, "COMPLETED") && <Certificates />}
      {status.status !== "FRESH" && <Reset />}
    </>
  );
}

interface StageCardProps {
  readonly number: number;
  readonly title: string;
  readonly done: boolean;
  readonly children: ComponentChildren;
}

function Stage({ number, title, done, children }: StageCardProps) {
  return (
    <section class="card">
      <h2>
        {number}. {title} {done && <span class="badge good">{t("action.done")}</span>}
      </h2>
      {children}
    </section>
  );
}

function DomainForm({ status }: StageProps) {
  const [domain, setDomain] = useState(status.domain ?? "");
  const [email, setEmail] = useState(status.email ?? "");
  const { busy, error, refuse, run } = useAction();
  const submit = async () => {
    if (domain.trim() === "" || email.trim() === "") return refuse(t("setup.both_required"));
    const body = { domain: domain.trim(), email: email.trim() };
    await run(() => call("POST /v1/publish/domain", { body }));
    await invalidate("/v1/publish/status");
  };
  return (
    <Form onSubmit={() => void submit()} submit={t("action.save")} busy={busy} error={error}>
      <Field
        label={t("setup.domain")}
        value={domain}
        onInput={setDomain}
        hint={t("setup.domain_hint")}
      />
      <Field
        label={t("setup.email")}
        value={email}
        onInput={setEmail}
        hint={t("setup.email_hint")}
        autoComplete="email"
      />
    </Form>
  );
}

function DnsStage({ status: { domain, public_ip: ip } }: StageProps) {
  const [finding, setFinding] = useState<DnsFinding | null>(null);
  const { busy, error, run } = useAction();
  const check = async () => {
    const result = await run(() => call("POST /v1/publish/verify-dns", {}));
    if (result.ok) setFinding(result.value);
    await invalidate("/v1/publish/status");
  };
  return (
    <div class="stack">
      <p class="muted">{t("setup.dns_text")}</p>
      <DnsRecord name={domain ?? ""} pointsTo={ip} />
      <DnsRecord name={`*.${domain}`} pointsTo={ip} />
      {finding && <Finding finding={finding} />}
      {error !== null && <p class="alert" role="alert">{error}</p>}
      <div class="row">
        <button
          type="button"
          class="button primary"
          disabled={busy}
          onClick={() => void check()}
        >
          {busy ? t("state.working") : t("setup.check_dns")}
        </button>
      </div>
    </div>
  );
}

/** What was found, in the words of the server, and whether that is enough. */
function Finding({ finding }: { readonly finding: DnsFinding }) {
  return (
    <div role="status" class="stack">
      <p class={finding.ok ? "" : "alert"}>{finding.ok ? "✓" : "✗"} {finding.message}</p>
      <p class={finding.wildcard_ok ? "" : "alert warn"}>
        {finding.wildcard_ok ? "✓" : "!"} {finding.wildcard_message}
        {!finding.wildcard_ok && ` ${t("setup.wildcard_optional")}`}
      </p>
    </div>
  );
}

const MARKS = { pending: "○", running: "…", done: "✓", error: "✗" } as const;

function ProvisionStage({ status }: StageProps) {
  const isFollowed = status.status === "PROVISIONING";
  const { running, tasks } = useProvision(status.provision, isFollowed);
  const { busy, error, run } = useAction();
  const start = async () => {
    await run(() => call("POST /v1/publish/provision", {}));
    await invalidate("/v1/publish/status");
  };
  const failed = tasks.some((it) => it.status === "error");
  const isDone = status.status === "COMPLETED";
  return (
    <div class="stack">
      {!isDone && <p class="muted">{t("setup.provision_text")}</p>}
      <ul class="tasks" aria-live="polite">
        {!isDone && tasks.map((it) => (
          <li key={it.task} aria-busy={it.status === "running"}>
            <span aria-hidden="true">{MARKS[it.status]}</span> {t(`task.${it.task}`)}{" "}
            <span class="unseen">{t(`task.is_${it.status}`)}</span>
            {it.message !== null && (
              <span class={it.status === "error" ? "bad-text" : "muted"}>{it.message}</span>
            )}
          </li>
        ))}
      </ul>
      {error !== null && <p class="alert" role="alert">{error}</p>}
      {isDone ? <p>{t("setup.complete")}</p> : (
        <div class="row">
          <button
            type="button"
            class="button primary"
            disabled={busy || running}
            onClick={() => void start()}
          >
            {running ? t("state.working") : t(failed ? "action.retry" : "setup.start")}
          </button>
        </div>
      )}
    </div>
  );
}

function Reset() {
  const [asking, setAsking] = useState(false);
  const { busy, error, run } = useAction();
  const reset = async () => {
    const result = await run(() => call("POST /v1/publish/reset", {}));
    await invalidate("/v1/publish/status");
    if (result.ok) setAsking(false);
  };
  return (
    <>
      <div class="row">
        <button type="button" class="button" onClick={() => setAsking(true)}>
          {t("setup.reset")}
        </button>
      </div>
      {asking && (
        <Confirm
          title={t("setup.reset")}
          onClose={() => setAsking(false)}
          confirm={t("setup.reset")}
          busy={busy}
          onConfirm={() => void reset()}
        >
          <p>{t("setup.reset_text")}</p>
          {error !== null && <p class="alert" role="alert">{error}</p>}
        </Confirm>
      )}
    </>
  );
}
