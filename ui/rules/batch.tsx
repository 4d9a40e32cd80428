/**
 * The same for one row after the other, and what became of each.
 *
 * @module
 */

import { useState } from "preact/hooks";
import { Table } from "../components/table.tsx";
import { t } from "../i18n/i18n.ts";

export type Outcome =
  | { readonly kind: "waiting" }
  | { readonly kind: "running" }
  | { readonly kind: "done"; readonly text: string }
  | { readonly kind: "failed"; readonly text: string };

export interface Batch {
  readonly outcomes: readonly Outcome[];
  readonly state: "ready" | "running" | "over";
  readonly failures: number;
  /** Runs `work` for each row in order; a failure stops nothing. */
  readonly run: (work: (index: number) => Promise<Outcome>) => Promise<void>;
}

const WAITING: Outcome = { kind: "waiting" };

/** As many outcomes as there are rows. */
export function useBatch(length: number): Batch {
  const [state, setState] = useState<Batch["state"]>("ready");
  const [known, setKnown] = useState<readonly Outcome[]>([]);
  const outcomes = Array.from({ length }, (_, i) => known[i] ?? WAITING);
  const run = async (work: (index: number) => Promise<Outcome>) => {
    setState("running");
    const found: Outcome[] = [];
    for (let i = 0; i < length; i++) {
      setKnown([...found, { kind: "running" }]);
      found.push(await work(i));
    }
    setKnown(found);
    setState("over");
  };
  return { outcomes, state, run, failures: outcomes.filter((it) => it.kind === "failed").length };
}

export interface BatchTableProps {
  readonly label: string;
  /** What each row is about. */
  readonly rows: readonly string[];
  readonly batch: Batch;
}

/** The rows of a batch with what became of them. */
export function BatchTable({ label, rows, batch }: BatchTableProps) {
  return (
    <div class="batch">
      <Table
        label={label}
        rows={rows.map((text, i) => ({ text, i, outcome: batch.outcomes[i] ?? WAITING }))}
        columns={[
          { title: label, cell: ({ text }) => text },
          { title: t("batch.result"), cell: ({ outcome }) => <OutcomeText outcome={outcome} /> },
        ]}
        keyOf={(it) => `${it.i}`}
        empty=""
      />
    </div>
  );
}

/** What became of a row. */
export function OutcomeText({ outcome }: { readonly outcome: Outcome }) {
  switch (outcome.kind) {
    case "waiting":
      return <span class="muted">—</span>;
    case "running":
      return <span class="muted">{t("state.working")}</span>;
    case "done":
      return <span class="badge good">{outcome.text}</span>;
    case "failed":
      return <span class="bad-text wraps">{outcome.text}</span>;
    default:
      return outcome satisfies never;
  }
}
