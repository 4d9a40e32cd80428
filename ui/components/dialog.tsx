import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { t } from "../i18n/i18n.ts";
import { Icon } from "./icon.tsx";

export interface DialogProps {
  readonly title: string;
  /** `null` for a dialog that only something in it can close. */
  readonly onClose: (() => void) | null;
  /** For forms of more than a few fields. */
  readonly wide?: boolean;
  readonly children: ComponentChildren;
}

/** A modal dialog on the browser's own: focus stays inside, Escape closes, focus returns. */
export function Dialog({ title, onClose, wide = false, children }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const dialog = element.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={element}
      class={wide ? "wide" : ""}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose?.();
      }}
      onKeyDown={(event) => {
        // The second Escape in a row closes a dialog whatever its `cancel` event says.
        if (onClose === null && event.key === "Escape") event.preventDefault();
      }}
    >
      <header>
        <h2 id={titleId}>{title}</h2>
        {onClose && (
          <button
            type="button"
            class="icon-button"
            aria-label={t("action.close")}
            onClick={onClose}
          >
            <Icon name="close" />
          </button>
        )}
      </header>
      {children}
    </dialog>
  );
}

export interface ConfirmProps extends DialogProps {
  readonly onClose: () => void;
  /** What else goes. */
  readonly impact?: readonly string[];
  readonly confirm: string;
  readonly busy: boolean;
  readonly onConfirm: () => void;
}

/** Asks before something that cannot be undone. */
export function Confirm(props: ConfirmProps) {
  const { title, onClose, children, impact = [], confirm, busy, onConfirm } = props;
  return (
    <Dialog title={title} onClose={onClose}>
      {children}
      {impact.length > 0 && (
        <ul class="impact" aria-label={t("confirm.impact")}>
          {impact.map((it) => <li key={it}>{it}</li>)}
        </ul>
      )}
      <footer>
        <button type="button" class="button" onClick={onClose}>{t("action.cancel")}</button>
        <button type="button" class="button danger" disabled={busy} onClick={onConfirm}>
          {busy ? t("state.working") : confirm}
        </button>
      </footer>
    </Dialog>
  );
}
