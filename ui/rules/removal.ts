/**
 * Rules on their way out: gone from what is shown, there until nobody changed their mind.
 *
 * @module
 */

import { signal } from "@preact/signals";
import { call } from "../api/client.ts";
import { explain } from "../i18n/explain.ts";
import { invalidate } from "../api/query.ts";
import type { Rule } from "../api/types.ts";
import { onLogOut } from "../app/session.ts";
import { toast } from "../components/toast.tsx";
import { t } from "../i18n/i18n.ts";

/** How long there is to change one's mind, in milliseconds. */
const UNDO_MS = 8_000;

const timers = new Map<number, ReturnType<typeof setTimeout>>();

/** The ids of rules that are about to be removed; lists leave them out. */
export const leaving = signal<ReadonlySet<number>>(new Set());

/** Removes rules in a moment, unless it is undone in the message that says so. */
export function removeSoon(rules: readonly Rule[]): void {
  const ids = rules.map((it) => it.id);
  leaving.value = new Set([...leaving.value, ...ids]);
  for (const id of ids) timers.set(id, setTimeout(() => void remove(id), UNDO_MS));
  const [only, ...others] = rules;
  const text = only && others.length === 0
    ? t("removal.one", { id: only.id })
    : t("removal.many", { n: rules.length });
  const action = { label: t("removal.undo"), onSelect: () => ids.forEach(spare) };
  toast("good", text, { action, shownMs: UNDO_MS });
}

/** The rule stays, if it is not too late. */
function spare(id: number): void {
  const timer = timers.get(id);
  if (timer === undefined) return;
  clearTimeout(timer);
  forget(id);
}

function forget(id: number): void {
  timers.delete(id);
  leaving.value = new Set([...leaving.value].filter((it) => it !== id));
}

async function remove(id: number): Promise<void> {
  clearTimeout(timers.get(id));
  timers.delete(id);
  const result = await call("DELETE /v1/rules/{rule_id}", { path: { rule_id: id } });
  if (!result.ok && result.error.status !== 404) {
    toast("bad", t("removal.failed", { id, error: explain(result.error) }));
  }
  await invalidate("/v1/rules");
  forget(id);
}

/** Whoever leaves has not changed their mind. */
async function removeNow(): Promise<void> {
  await Promise.all([...timers.keys()].map(remove));
}

onLogOut(removeNow);
addEventListener("pagehide", () => void removeNow());
