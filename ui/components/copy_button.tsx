import { useState } from "preact/hooks";
import { t } from "../i18n/i18n.ts";
import { Icon } from "./icon.tsx";
import { toast } from "./toast.tsx";

const SHOWN_MS = 2_000;

/** Copies `text`. Pages on plain HTTP have no clipboard; there the reader is told to select. */
export function CopyButton({ text }: { readonly text: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(true);
      setTimeout(() => setCopied(false), SHOWN_MS);
    } catch {
      toast("bad", t("copy.failed"));
    }
  };
  return (
    <button type="button" class="button" onClick={() => void copy()}>
      <Icon name="copy" />
      {t(copied ? "copy.done" : "copy.copy")}
    </button>
  );
}
