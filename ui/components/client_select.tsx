import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { Client } from "../api/types.ts";
import { t } from "../i18n/i18n.ts";
import { shortId } from "./format.ts";
import { useListbox } from "./listbox.ts";

export interface ClientSelectProps {
  /** Revoked ones are not offered. */
  readonly clients: readonly Client[];
  /** The id of the chosen one, empty for none. */
  readonly value: string;
  readonly onChange: (clientId: string) => void;
  /** Ids of those that cannot be chosen, because they are already. */
  readonly assigned?: ReadonlySet<string>;
  readonly disabled?: boolean;
  readonly error?: string | undefined;
}

/** Chooses a client by name, with a search: a combobox whose list opens below it. */
export function ClientSelect(props: ClientSelectProps) {
  const { clients, value, onChange, assigned, disabled = false, error } = props;
  const id = useId();
  const root = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState(false);
  const chosen = clients.find((it) => it.client_id === value);
  const close = () => {
    setOpen(false);
    root.current?.querySelector<HTMLElement>("[role=combobox]")?.focus();
  };
  useEffect(() => {
    if (!open) return;
    const onPointer = (event: PointerEvent) => {
      if (event.target instanceof Node && !root.current?.contains(event.target)) setOpen(false);
    };
    addEventListener("pointerdown", onPointer);
    return () => removeEventListener("pointerdown", onPointer);
  }, [open]);
  return (
    <div class="field">
      <span id={`${id}-label`} class="label">{t("column.client")}</span>
      <div
        class="combobox"
        ref={root}
        onKeyDown={(event) => {
          if (event.key !== "Escape" || !open) return;
          event.preventDefault();
          event.stopPropagation();
          close();
        }}
      >
        <button
          type="button"
          role="combobox"
          aria-labelledby={`${id}-label ${id}-value`}
          aria-expanded={open}
          aria-haspopup="listbox"
          aria-controls={`${id}-list`}
          aria-invalid={error !== undefined}
          disabled={disabled}
          onClick={() => setOpen(!open)}
        >
          <span id={`${id}-value`} class={chosen ? "" : "muted"}>
            {chosen ? chosen.client_name : t("client_select.choose")}
          </span>
          <span aria-hidden="true">▾</span>
        </button>
        {open && (
          <Options
            listId={`${id}-list`}
            clients={clients}
            value={value}
            assigned={assigned ?? new Set()}
            onChoose={(clientId) => {
              onChange(clientId);
              close();
            }}
          />
        )}
      </div>
      {error !== undefined && <p class="hint bad-text">{error}</p>}
    </div>
  );
}

interface OptionsProps {
  readonly listId: string;
  readonly clients: readonly Client[];
  readonly value: string;
  readonly assigned: ReadonlySet<string>;
  readonly onChoose: (clientId: string) => void;
}

function Options({ listId, clients, value, assigned, onChoose }: OptionsProps) {
  const [search, setSearch] = useState("");
  const offered = clients.filter((it) => it.revoked_at === null);
  const found = offered.filter((it) =>
    it.client_name.toLowerCase().includes(search.trim().toLowerCase())
  );
  const names = Map.groupBy(offered, (it) => it.client_name);
  const listbox = useListbox(listId, found, ({ client_id }) => {
    if (!assigned.has(client_id)) onChoose(client_id);
  });
  return (
    <div class="popover">
      <input
        {...listbox.field}
        placeholder={t("client_select.search")}
        aria-label={t("client_select.search")}
        value={search}
        onInput={(event) => {
          setSearch(event.currentTarget.value);
          listbox.restart();
        }}
      />
      <div id={listId} role="listbox" aria-label={t("column.client")} class="options">
        {found.map((it, i) => (
          <div
            key={it.client_id}
            {...listbox.option(i)}
            aria-selected={it.client_id === value}
            aria-disabled={assigned.has(it.client_id)}
          >
            <span>{it.client_name}</span>
            <span class="muted">
              {(names.get(it.client_name)?.length ?? 0) > 1 && ` ${shortId(it.client_id)}`}
              {!it.connected && ` ${t("client_select.offline")}`}
              {assigned.has(it.client_id) && ` ${t("client_select.assigned")}`}
            </span>
          </div>
        ))}
        {found.length === 0 && <p class="muted">{t("client_select.none")}</p>}
      </div>
    </div>
  );
}
