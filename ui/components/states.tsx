/**
 * What a page shows while it has nothing to show: loading, failed, empty.
 *
 * @module
 */

import type { ComponentChildren } from "preact";
import { type ApiError, errorText } from "../api/client.ts";
import { t } from "../i18n/i18n.ts";

export function Loading() {
  return <div class="state muted" aria-busy="true">{t("state.loading")}</div>;
}

export interface ErrorStateProps {
  readonly error: ApiError;
  readonly onRetry: () => void;
}

export function ErrorState({ error, onRetry }: ErrorStateProps) {
  return (
    <div class="state" role="alert">
      <p>{error.status === 0 ? t("error.unreachable") : errorText(error)}</p>
      <button type="button" class="button" onClick={onRetry}>{t("action.retry")}</button>
    </div>
  );
}

export interface EmptyProps {
  readonly title: string;
  readonly text?: string;
  /** What to do about it. */
  readonly children?: ComponentChildren;
}

export function Empty({ title, text, children }: EmptyProps) {
  return (
    <div class="state">
      <h2>{title}</h2>
      {text !== undefined && <p class="muted">{text}</p>}
      {children}
    </div>
  );
}
