/**
 * Short messages that nobody has to answer.
 *
 * @module
 */

import { signal } from "@preact/signals";
import { t } from "../i18n/i18n.ts";
import { Icon } from "./icon.tsx";

interface Toast {
  readonly id: number;
  readonly kind: "good" | "bad";
  readonly text: string;
  readonly action: ToastAction | null;
}

/** Something that can be done about a message, as long as it shows. */
export interface ToastAction {
  readonly label: string;
  readonly onSelect: () => void;
}

export interface ToastOptions {
  readonly action?: ToastAction;
  /** Milliseconds. @default {6000} */
  readonly shownMs?: number;
}

const SHOWN_MS = 6_000;
const toasts = signal<readonly Toast[]>([]);
let nextId = 0;

/** Shows a message; failures stay until they are closed. */
export function toast(
  kind: Toast["kind"],
  text: string,
  { action, shownMs = SHOWN_MS }: ToastOptions = {},
): void {
  const id = nextId++;
  toasts.value = [...toasts.value, { id, kind, text, action: action ?? null }];
  if (kind === "good") setTimeout(() => close(id), shownMs);
}

function close(id: number): void {
  toasts.value = toasts.value.filter((it) => it.id !== id);
}

/** Where messages appear. */
export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map(({ id, kind, text, action }) => (
        <div key={id} class={`toast ${kind}`}>
          <span class="lines">{text}</span>
          {action && (
            <button
              type="button"
              class="link"
              onClick={() => {
                close(id);
                action.onSelect();
              }}
            >
              {action.label}
            </button>
          )}
          <button
            type="button"
            class="icon-button"
            aria-label={t("action.close")}
            onClick={() => close(id)}
          >
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  );
}
