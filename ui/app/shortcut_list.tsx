import { Dialog } from "../components/dialog.tsx";
import { t } from "../i18n/i18n.ts";
import { placesOf } from "./places.ts";
import type { Me } from "./session.ts";

export interface ShortcutListProps {
  readonly me: Me;
  readonly onClose: () => void;
}

/** What the keyboard does. */
export function ShortcutList({ me, onClose }: ShortcutListProps) {
  const rows: readonly (readonly [readonly string[], string])[] = [
    [["Ctrl", "K"], t("shortcuts.palette")],
    [["/"], t("shortcuts.search")],
    [["n"], t("shortcuts.new")],
    [["?"], t("shortcuts.list")],
    [["Ctrl", "B"], t("shortcuts.sidebar")],
    ...placesOf(me).map(({ letter, label }) =>
      [["g", letter], t("shortcuts.go", { place: t(label) })] as const
    ),
  ];
  return (
    <Dialog title={t("shortcuts.title")} onClose={onClose}>
      <dl class="shortcuts">
        {rows.map(([keys, text]) => (
          <div key={text}>
            <dt>{text}</dt>
            <dd>{keys.map((key) => <kbd key={key}>{key}</kbd>)}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
