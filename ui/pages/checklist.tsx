import { isSuperadmin } from "../app/session.ts";
import { t, type TextKey } from "../i18n/i18n.ts";

/** How far somebody has come. */
export interface Progress {
  readonly enrolled: boolean;
  readonly connected: boolean;
  readonly pushed: boolean;
  readonly moved: boolean;
}

interface Step {
  readonly done: boolean;
  readonly text: TextKey;
  /** What to do about it. */
  readonly action?: { readonly href: string; readonly label: TextKey };
}

/** The way from an empty server to traffic; nothing once it was gone. */
export function Checklist({ enrolled, connected, pushed, moved }: Progress) {
  if (enrolled && connected && pushed && moved) return null;
  const enroll = { href: "/clients/new", label: "clients.enroll" } as const;
  const steps: Step[] = [
    isSuperadmin()
      ? { done: enrolled, text: "dashboard.step_client", action: enroll }
      : { done: enrolled, text: "dashboard.step_access" },
    { done: connected, text: isSuperadmin() ? "dashboard.step_connect" : "dashboard.step_online" },
    {
      done: pushed,
      text: "dashboard.step_rule",
      action: { href: "/rules/new", label: "rules.push" },
    },
    { done: moved, text: "dashboard.step_traffic" },
  ];
  const next = steps.findIndex((it) => !it.done);
  return (
    <section class="card">
      <h2>{t("dashboard.first_steps")}</h2>
      <ol class="steps">
        {steps.map(({ done, text, action }, i) => (
          <li key={text} class={done ? "done" : i === next ? "next" : ""}>
            <span class="mark" aria-hidden="true">{done ? "✓" : i + 1}</span>
            <span>
              {t(text)} {done && <span class="unseen">{t("action.done")}</span>}
            </span>
            {i === next && action && (
              <a class="button primary" href={action.href}>{t(action.label)}</a>
            )}
          </li>
        ))}
      </ol>
    </section>
  );
}
