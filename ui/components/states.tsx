/**
 * What a page shows while it has nothing to show: loading, failed, empty.
 *
 * @module
 */

import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { ApiError } from "../api/client.ts";
import { explain } from "../i18n/explain.ts";
import { t } from "../i18n/i18n.ts";

const SLOW_MS = 4_000;

/** What is on its way; says so when it takes longer than people expect. */
export function Loading() {
  const [isSlow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), SLOW_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div class="state muted" role="status" aria-busy="true">
      {t(isSlow ? "state.slow" : "state.loading")}
    </div>
  );
}

export interface ErrorStateProps {
  readonly error: ApiError;
  readonly onRetry: () => void;
}

export function ErrorState({ error, onRetry }: ErrorStateProps) {
  return (
    <div class="state" role="alert">
      <p class="lines">{explain(error)}</p>
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
