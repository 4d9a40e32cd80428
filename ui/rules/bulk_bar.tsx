import { useState } from "preact/hooks";
import type { Rule } from "../api/types.ts";
import { toast } from "../components/toast.tsx";
import { t } from "../i18n/i18n.ts";
import { BulkCaps } from "./bulk_caps.tsx";

export interface BulkBarProps {
  readonly rules: readonly Rule[];
  readonly onRemove: () => void;
  readonly onClear: () => void;
}

/** What can be done to several rules at once. */
export function BulkBar({ rules, onRemove, onClear }: BulkBarProps) {
  const [capping, setCapping] = useState(false);
  return (
    <div class="bulk-bar" role="region" aria-label={t("bulk.title")}>
      <b>{t("bulk.selected", { n: rules.length })}</b>
      <button type="button" class="button" onClick={() => setCapping(true)}>
        {t("bulk.caps")}
      </button>
      <button type="button" class="button" onClick={() => void download(rules)}>
        {t("bulk.export")}
      </button>
      <button type="button" class="button danger" onClick={onRemove}>{t("bulk.remove")}</button>
      <button type="button" class="link" onClick={onClear}>{t("bulk.clear")}</button>
      {capping && <BulkCaps rules={rules} onClose={() => setCapping(false)} />}
    </div>
  );
}

/** Saves the rules as the file that `rules apply` and the import take. */
async function download(rules: readonly Rule[]): Promise<void> {
  const { exportText } = await import("./fleet_file.ts");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([exportText(rules)], { type: "application/toml" }));
  link.download = "rules.toml";
  link.click();
  URL.revokeObjectURL(link.href);
  toast("good", t("bulk.exported", { n: rules.length }));
}
