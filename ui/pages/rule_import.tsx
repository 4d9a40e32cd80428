import { useState } from "preact/hooks";
import { placeOf, type Plan, type Step, upstreamText } from "../../src/rulefile/plan.ts";
import { invalidate, useQuery } from "../api/query.ts";
import { Check } from "../components/inputs.tsx";
import { ErrorState, Loading } from "../components/states.tsx";
import { Table } from "../components/table.tsx";
import { t } from "../i18n/i18n.ts";
import { type Batch, OutcomeText, useBatch } from "../rules/batch.tsx";
import { applyStep, type DryRun, dryRun, exportText } from "../rules/fleet_file.ts";

/** Brings rules to what a file says: what would change is shown before anything does. */
export default function RuleImport() {
  const rules = useQuery("GET /v1/rules", { query: {} });
  const clients = useQuery("GET /v1/clients", {}, { everyMs: 5_000 });
  const [text, setText] = useState("");
  const [prune, setPrune] = useState(false);
  const [checked, setChecked] = useState<DryRun | null>(null);
  const [checks, setChecks] = useState(0);
  if (rules.data === undefined || clients.data === undefined) {
    const error = rules.error ?? clients.error;
    return error === null
      ? <Loading />
      : <ErrorState error={error} onRetry={() => (rules.reload(), clients.reload())} />;
  }
  const world = { rules: rules.data, clients: clients.data, prune };
  const change = (given: string) => {
    setText(given);
    setChecked(null);
  };
  return (
    <>
      <h1>{t("import.title")}</h1>
      <section class="card">
        <p class="muted">{t("import.text")}</p>
        <FileText text={text} onChange={change} onCurrent={() => change(exportText(world.rules))} />
        <Check
          label={t("import.prune")}
          hint={t("import.prune_hint")}
          checked={prune}
          onChange={(it) => {
            setPrune(it);
            setChecked(null);
          }}
        />
        <div class="row">
          <button
            type="button"
            class="button primary"
            disabled={text.trim() === ""}
            onClick={() => {
              setChecked(dryRun(text, world));
              setChecks(checks + 1);
            }}
          >
            {t("import.check")}
          </button>
        </div>
      </section>
      {checked && !checked.ok && <Problems problems={checked.problems} />}
      {checked?.ok && <Changes key={checks} plan={checked.plan} ignored={checked.ignored} />}
    </>
  );
}

interface FileTextProps {
  readonly text: string;
  readonly onChange: (text: string) => void;
  readonly onCurrent: () => void;
}

/** A file, chosen or typed. */
function FileText({ text, onChange, onCurrent }: FileTextProps) {
  return (
    <div class="stack">
      <div class="row">
        <label class="button">
          {t("import.choose")}
          <input
            type="file"
            class="unseen"
            accept=".toml,.json,text/*"
            onChange={({ currentTarget: { files } }) => void files?.[0]?.text().then(onChange)}
          />
        </label>
        <button type="button" class="link" onClick={onCurrent}>{t("import.current")}</button>
      </div>
      <textarea
        class="file-text"
        aria-label={t("import.file")}
        placeholder={'[[rule]]\nname = "web"\nclient = "edge-01"\nlisten_port = 8080\n' +
          'target = "10.0.0.5:80"'}
        rows={12}
        spellcheck={false}
        value={text}
        onInput={(event) => onChange(event.currentTarget.value)}
      />
    </div>
  );
}

function Problems({ problems }: { readonly problems: readonly string[] }) {
  return (
    <section class="card" role="alert">
      <h2>{t("import.refused")}</h2>
      <ul class="impact">{problems.map((it) => <li key={it}>{it}</li>)}</ul>
    </section>
  );
}

interface ChangesProps {
  readonly plan: Plan;
  readonly ignored: readonly string[];
}

/** What a file changes, and what became of each change. */
function Changes({ plan, ignored }: ChangesProps) {
  const [{ steps, unchanged }] = useState(plan);
  const batch = useBatch(steps.length);
  const apply = async () => {
    await batch.run((i) => {
      const step = steps[i];
      return step ? applyStep(step) : Promise.resolve({ kind: "waiting" });
    });
    await invalidate("/v1/rules");
  };
  const interrupted = steps.filter((it) => it.kind === "replace" || it.kind === "remove").length;
  return (
    <section class="card">
      <div class="section-head">
        <h2>{t("import.changes")}</h2>
        <ApplyButton batch={batch} count={steps.length} onApply={() => void apply()} />
      </div>
      <p role="status">
        {t("import.summary", { n: steps.length, unchanged })}{" "}
        {interrupted > 0 && t("import.interrupted", { n: interrupted })} {batch.state === "over" &&
          t("batch.over", { done: steps.length - batch.failures, failed: batch.failures })}
      </p>
      {ignored.length > 0 && (
        <p class="muted">{t("import.ignored", { names: ignored.join(", ") })}</p>
      )}
      <StepTable steps={steps} batch={batch} />
    </section>
  );
}

interface ApplyButtonProps {
  readonly batch: Batch;
  readonly count: number;
  readonly onApply: () => void;
}

function ApplyButton({ batch: { state }, count, onApply }: ApplyButtonProps) {
  if (state === "over") return <a class="button primary" href="/rules">{t("rule.back")}</a>;
  if (count === 0) return null;
  return (
    <button
      type="button"
      class="button primary"
      disabled={state === "running"}
      onClick={onApply}
    >
      {state === "running" ? t("state.working") : t("import.apply", { n: count })}
    </button>
  );
}

interface StepTableProps {
  readonly steps: readonly Step[];
  readonly batch: Batch;
}

const KINDS = { create: "good", limits: "", replace: "warn", remove: "bad" } as const;

function StepTable({ steps, batch }: StepTableProps) {
  if (steps.length === 0) return null;
  return (
    <Table
      label={t("import.changes")}
      rows={steps.map((step, i) => ({ step, i }))}
      columns={[
        {
          title: t("import.change"),
          cell: ({ step }) => (
            <span class={`badge ${KINDS[step.kind]}`}>{t(`import.${step.kind}`)}</span>
          ),
        },
        { title: t("column.listen"), cell: ({ step }) => <code>{placeOf(ruleOf(step))}</code> },
        {
          title: t("column.target"),
          cell: ({ step }) => <code>{upstreamText(ruleOf(step).draft)}</code>,
        },
        {
          title: t("batch.result"),
          cell: ({ i }) => <OutcomeText outcome={batch.outcomes[i] ?? { kind: "waiting" }} />,
        },
      ]}
      keyOf={(it) => `${it.i}`}
      empty=""
    />
  );
}

const ruleOf = (step: Step) => step.kind === "remove" ? step.running : step.wanted;
