import { useState } from "preact/hooks";
import { t } from "../i18n/i18n.ts";
import { CopyButton } from "./copy_button.tsx";

export interface AsCommandProps {
  /** The command of `portunus-server`; absent where there is none. */
  readonly cli?: string;
  readonly curl: string;
}

/** What is done here, as a command to copy: folded until somebody wants it. */
export function AsCommand({ cli, curl }: AsCommandProps) {
  const [form, setForm] = useState<"cli" | "curl">(cli === undefined ? "curl" : "cli");
  const text = form === "cli" && cli !== undefined ? cli : curl;
  return (
    <details class="as-command">
      <summary>{t("command.title")}</summary>
      <div class="stack">
        {cli !== undefined && (
          <div class="segments" role="group" aria-label={t("command.title")}>
            {(["cli", "curl"] as const).map((it) => (
              <button
                key={it}
                type="button"
                aria-pressed={it === form}
                onClick={() => setForm(it)}
              >
                {t(`command.${it}`)}
              </button>
            ))}
          </div>
        )}
        <code class="command">{text}</code>
        <div class="row">
          <CopyButton text={text} />
          <span class="muted">{t("command.token")}</span>
        </div>
      </div>
    </details>
  );
}
