import { useState } from "preact/hooks";
import { call } from "../api/client.ts";
import { invalidate } from "../api/query.ts";
import type { Rule } from "../api/types.ts";
import { Dialog } from "../components/dialog.tsx";
import { Form } from "../components/field.tsx";
import { explain } from "../i18n/explain.ts";
import { t } from "../i18n/i18n.ts";
import { BatchTable, type Outcome, useBatch } from "./batch.tsx";
import { CapInputs } from "./cap_fields.tsx";
import { capsBody, mayHaveCaps } from "./caps.tsx";
import { capProblems } from "./rule_body.ts";
import { type CapFields, listenText, NO_CAPS } from "./rule_fields.ts";

export interface BulkCapsProps {
  readonly rules: readonly Rule[];
  readonly onClose: () => void;
}

/** Gives several rules the same caps, and says of each whether it has them. */
export function BulkCaps({ rules: given, onClose }: BulkCapsProps) {
  const [rules] = useState(given);
  const [caps, setCaps] = useState<CapFields>(NO_CAPS);
  const [tried, setTried] = useState(false);
  const batch = useBatch(rules.length);
  const problems = capProblems(caps);
  const save = async () => {
    setTried(true);
    if (Object.keys(problems).length > 0) return;
    await batch.run((i) => capRule(rules[i], caps));
    await invalidate("/v1/rules");
  };
  const rows = rules.map((it) =>
    t("bulk.row", { id: it.id, client: it.client_name, port: listenText(it) })
  );
  const table = <BatchTable label={t("nav.rules")} rows={rows} batch={batch} />;
  return (
    <Dialog
      title={t("bulk.caps_title", { n: rules.length })}
      onClose={batch.state === "running" ? null : onClose}
    >
      {batch.state === "ready"
        ? (
          <Form
            onSubmit={() => void save()}
            submit={t("action.save")}
            busy={false}
            error={null}
            onCancel={onClose}
          >
            <p class="muted">{t("bulk.caps_text")}</p>
            <CapInputs caps={caps} problems={tried ? problems : {}} onChange={setCaps} />
            {table}
          </Form>
        )
        : (
          <div class="stack">
            <p role="status">
              {batch.state === "running"
                ? t("state.working")
                : t("batch.over", { done: rules.length - batch.failures, failed: batch.failures })}
            </p>
            {table}
            <footer>
              <button
                type="button"
                class="button primary"
                disabled={batch.state === "running"}
                onClick={onClose}
              >
                {t("action.done")}
              </button>
            </footer>
          </div>
        )}
    </Dialog>
  );
}

async function capRule(rule: Rule | undefined, caps: CapFields): Promise<Outcome> {
  if (rule === undefined) return { kind: "waiting" };
  if (!mayHaveCaps(rule)) return { kind: "failed", text: t("caps.range") };
  const body = capsBody(rule, caps);
  const saved = await call("PUT /v1/rules/{rule_id}", { path: { rule_id: rule.id }, body });
  return saved.ok
    ? { kind: "done", text: t("batch.done") }
    : { kind: "failed", text: explain(saved.error) };
}
