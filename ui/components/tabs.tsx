import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

export interface Tab {
  readonly id: string;
  readonly title: string;
  readonly content: () => ComponentChildren;
}

export interface TabsProps {
  readonly label: string;
  readonly tabs: readonly Tab[];
  /** The id of the tab that is open; the first for one that is none. */
  readonly open: string;
  readonly onOpen: (id: string) => void;
}

const STEPS: Readonly<Record<string, (at: number, count: number) => number>> = {
  ArrowLeft: (at, count) => (at + count - 1) % count,
  ArrowRight: (at, count) => (at + 1) % count,
  Home: () => 0,
  End: (_, count) => count - 1,
};

/** Parts of a page of which one shows; arrow keys move between them. */
export function Tabs({ label, tabs, open, onOpen }: TabsProps) {
  const id = useId();
  const at = Math.max(0, tabs.findIndex((it) => it.id === open));
  const onKey = (event: KeyboardEvent & { readonly currentTarget: HTMLElement }) => {
    const next = STEPS[event.key]?.(at, tabs.length);
    if (next === undefined) return;
    event.preventDefault();
    onOpen(tabs[next]?.id ?? "");
    event.currentTarget.querySelectorAll<HTMLElement>("[role=tab]")[next]?.focus();
  };
  return (
    <div class="stack">
      <div class="tabs" role="tablist" aria-label={label} onKeyDown={onKey}>
        {tabs.map((tab, i) => (
          <button
            key={tab.id}
            id={`${id}-${tab.id}`}
            type="button"
            role="tab"
            aria-selected={i === at}
            aria-controls={`${id}-panel`}
            tabIndex={i === at ? 0 : -1}
            onClick={() => onOpen(tab.id)}
          >
            {tab.title}
          </button>
        ))}
      </div>
      <div
        id={`${id}-panel`}
        class="stack"
        role="tabpanel"
        aria-labelledby={`${id}-${tabs[at]?.id}`}
      >
        {tabs[at]?.content()}
      </div>
    </div>
  );
}
