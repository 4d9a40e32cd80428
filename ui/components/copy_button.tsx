import type { RefObject } from "preact";
import { useState } from "preact/hooks";
import { t } from "../i18n/i18n.ts";
import { Icon } from "./icon.tsx";
import { toast } from "./toast.tsx";

const SHOWN_MS = 2_000;

export interface CopyButtonProps {
  readonly text: string;
  /** What the button says instead of "Copy". */
  readonly label?: string;
  /** Where the text is on the page; it is selected where the browser has no clipboard. */
  readonly shown?: RefObject<HTMLElement | null>;
}

/** Copies `text`. */
export function CopyButton({ text, label, shown }: CopyButtonProps) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    if (!await toClipboard(text) && !copySelected(shown?.current ?? null)) {
      return toast("bad", t("copy.failed"));
    }
    setCopied(true);
    setTimeout(() => setCopied(false), SHOWN_MS);
  };
  return (
    <button type="button" class="button" onClick={() => void copy()}>
      <Icon name="copy" />
      <span aria-live="polite">{copied ? t("copy.done") : label ?? t("copy.copy")}</span>
    </button>
  );
}

/** Pages on plain HTTP have no clipboard, unless they are this machine's own. */
async function toClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** The way of old, which plain HTTP still has; what it selects stays selected. */
function copySelected(element: HTMLElement | null): boolean {
  if (element === null) return false;
  getSelection()?.selectAllChildren(element);
  return document.execCommand("copy");
}
