import { useEffect, useState } from "preact/hooks";
import { t } from "../i18n/i18n.ts";
import { formatInstant } from "./format.ts";

export interface AgeProps {
  /** When something was known; `null` for not yet. */
  readonly at: string | null;
  /** From this age on, in milliseconds, what is shown is marked as old. */
  readonly staleAfterMs: number;
}

/** How old what is shown is, counted by the second. */
export function Age({ at, staleAfterMs }: AgeProps) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  if (at === null) return <span class="muted">{t("age.never")}</span>;
  const ageMs = Math.max(0, now - Date.parse(at));
  const isStale = ageMs >= staleAfterMs;
  return (
    <time class={isStale ? "badge warn" : "muted"} dateTime={at} title={formatInstant(at)}>
      {t(isStale ? "age.stale" : "age.fresh", { age: formatAge(ageMs) })}
    </time>
  );
}

const STEPS = [["d", 86_400], ["h", 3_600], ["min", 60]] as const;

/** A time that has passed, in its largest unit: `12 s`, `3 min`. */
export function formatAge(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  const [unit, size] = STEPS.find(([, it]) => seconds >= it) ?? ["s", 1];
  return `${Math.floor(seconds / size)} ${unit}`;
}
