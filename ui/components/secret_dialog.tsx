import { useRef } from "preact/hooks";
import { t } from "../i18n/i18n.ts";
import { CopyButton } from "./copy_button.tsx";
import { Dialog } from "./dialog.tsx";

export interface SecretDialogProps {
  readonly title: string;
  readonly secret: string;
  /** Has to forget the secret. */
  readonly onDismiss: () => void;
}

/** Shows a secret, this once: nothing but its button closes it. */
export function SecretDialog({ title, secret, onDismiss }: SecretDialogProps) {
  const shown = useRef<HTMLElement>(null);
  return (
    <Dialog title={title} onClose={null}>
      <div class="stack">
        <p class="alert warn">{t("secret.once")}</p>
        <code class="command" ref={shown}>{secret}</code>
      </div>
      <footer>
        <CopyButton text={secret} shown={shown} />
        <button type="button" class="button primary" onClick={onDismiss}>
          {t("secret.dismiss")}
        </button>
      </footer>
    </Dialog>
  );
}
