import { useEffect, useRef } from "preact/hooks";
import { t } from "../i18n/i18n.ts";

/** Which rows are chosen. Rows that are filtered out keep their mark, and are left alone. */
export interface Selection {
  /** The rows that can be chosen now. */
  readonly all: readonly { readonly id: number }[];
  readonly selected: ReadonlySet<number>;
  readonly onChange: (selected: ReadonlySet<number>) => void;
}

/** Chooses every row, or none. */
export function SelectAll({ selection: { all, selected, onChange } }: { selection: Selection }) {
  const box = useRef<HTMLInputElement>(null);
  const count = all.filter((it) => selected.has(it.id)).length;
  const isAll = count > 0 && count === all.length;
  useEffect(() => {
    if (box.current) box.current.indeterminate = count > 0 && !isAll;
  }, [count, isAll]);
  return (
    <input
      ref={box}
      type="checkbox"
      class="select-box"
      aria-label={t("select.all")}
      checked={isAll}
      onChange={() => onChange(new Set(isAll ? [] : all.map((it) => it.id)))}
    />
  );
}

export interface SelectRowProps {
  readonly selection: Selection;
  readonly id: number;
}

/** Chooses one row. */
export function SelectRow({ selection: { selected, onChange }, id }: SelectRowProps) {
  return (
    <input
      type="checkbox"
      class="select-box"
      aria-label={t("select.rule", { id })}
      checked={selected.has(id)}
      onChange={({ currentTarget: { checked } }) =>
        onChange(new Set(checked ? [...selected, id] : [...selected].filter((it) => it !== id)))}
    />
  );
}
