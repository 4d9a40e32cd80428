import { useEffect, useRef, useState } from "preact/hooks";

/** A text field that chooses among what it finds; attributes for its parts. */
export interface Listbox {
  /** For the field. */
  readonly field: {
    readonly ref: { current: HTMLInputElement | null };
    readonly type: "text";
    readonly "aria-controls": string;
    readonly "aria-activedescendant": string | undefined;
    readonly onKeyDown: (event: KeyboardEvent) => void;
  };
  /** For the option at that place. */
  option(place: number): {
    readonly id: string;
    readonly role: "option";
    readonly class: string;
    /** Of the active one; a list that keeps a choice says it of the chosen one instead. */
    readonly "aria-selected": boolean;
    readonly onPointerMove: () => void;
    readonly onClick: () => void;
  };
  /** The first option is the active one again. */
  restart(): void;
}

/**
 * The keyboard and the pointer of a listbox: arrow keys go round, Enter chooses, the active option
 * stays in view. The field has the focus from the start.
 *
 * @param id of the element with `role="listbox"`
 */
export function useListbox<Item>(
  id: string,
  items: readonly Item[],
  choose: (item: Item) => void,
): Listbox {
  const [active, setActive] = useState(0);
  const ref = useRef<HTMLInputElement>(null);
  useEffect(() => ref.current?.focus(), []);
  useEffect(
    () => document.getElementById(`${id}-${active}`)?.scrollIntoView({ block: "nearest" }),
    [
      id,
      active,
    ],
  );
  const chooseAt = (place: number) => {
    const item = items[place];
    if (item !== undefined) choose(item);
  };
  return {
    field: {
      ref,
      type: "text",
      "aria-controls": id,
      "aria-activedescendant": items[active] === undefined ? undefined : `${id}-${active}`,
      onKeyDown(event) {
        const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
        if (step === undefined && event.key !== "Enter") return;
        event.preventDefault();
        if (step === undefined) chooseAt(active);
        else if (items.length > 0) setActive((active + step + items.length) % items.length);
      },
    },
    option: (place) => ({
      id: `${id}-${place}`,
      role: "option",
      class: place === active ? "active" : "",
      "aria-selected": place === active,
      onPointerMove: () => setActive(place),
      onClick: () => chooseAt(place),
    }),
    restart: () => setActive(0),
  };
}
