import { useLocation } from "preact-iso/router";
import { useState } from "preact/hooks";
import { useQuery } from "../api/query.ts";
import { Dialog } from "../components/dialog.tsx";
import { formatPorts } from "../components/format.ts";
import { useListbox } from "../components/listbox.ts";
import { t } from "../i18n/i18n.ts";
import { matchesRule } from "../rules/rule_search.ts";
import { actionsOf, type Entry, pagesOf } from "./palette_entries.ts";
import { isSuperadmin, type Me } from "./session.ts";

/** More than anybody reads; what is typed narrows it down. */
const SHOWN_MAX = 30;
const ID = "palette";
const POLLED = { everyMs: 5_000 };

export interface PaletteProps {
  readonly me: Me;
  readonly onClose: () => void;
}

/** Everything there is, by name: type, choose with the arrow keys, press Enter. */
export default function Palette({ me, onClose }: PaletteProps) {
  const { route } = useLocation();
  const [text, setText] = useState("");
  const found = useEntries(me, text);
  const listbox = useListbox(ID, found, (entry) => {
    onClose();
    if (typeof entry.then === "string") route(entry.then);
    else entry.then();
  });
  return (
    <Dialog title={t("palette.title")} onClose={onClose}>
      <div class="palette">
        <input
          {...listbox.field}
          role="combobox"
          aria-expanded="true"
          aria-label={t("palette.hint")}
          placeholder={t("palette.hint")}
          value={text}
          onInput={(event) => {
            setText(event.currentTarget.value);
            listbox.restart();
          }}
        />
        <div id={ID} role="listbox" aria-label={t("palette.title")} class="options">
          {found.map((it, i) => (
            <div
              key={`${it.kind} ${it.label} ${it.note}`}
              {...listbox.option(i)}
            >
              <span>{it.label} {it.note && <span class="muted">{it.note}</span>}</span>
              <span class="muted">{it.kind}</span>
            </div>
          ))}
        </div>
        {found.length === 0 && <p class="muted" role="status">{t("palette.none")}</p>}
      </div>
    </Dialog>
  );
}

/** What `text` finds: pages and actions first, then what the server knows. */
function useEntries(me: Me, text: string): readonly Entry[] {
  const rules = useQuery("GET /v1/rules", { query: {} }, POLLED).data ?? [];
  const clients = useQuery("GET /v1/clients", {}, POLLED).data ?? [];
  const wanted = text.trim().toLowerCase();
  const people = usePeople();
  const named = [
    ...pagesOf(me),
    ...actionsOf(me),
    ...clients.filter((it) => it.revoked_at === null).map((it) => ({
      kind: t("column.client"),
      label: it.client_name,
      note: it.client_address ?? "",
      then: `/clients/${it.client_id}`,
    })),
    ...people,
  ].filter((it) => `${it.label} ${it.note}`.toLowerCase().includes(wanted));
  if (wanted === "") return named.slice(0, SHOWN_MAX);
  const found: Entry[] = [];
  for (const rule of rules) {
    if (named.length + found.length >= SHOWN_MAX) break;
    if (!matchesRule(rule, wanted)) continue;
    found.push({
      kind: t("rule.title", { id: rule.id }),
      label: `${rule.client_name} :${formatPorts(rule.listen_port, rule.listen_port_end)}`,
      note: `→ ${rule.target_host}:${formatPorts(rule.target_port, rule.target_port_end)}`,
      then: `/rules/${rule.id}`,
    });
  }
  return [...named, ...found].slice(0, SHOWN_MAX);
}

/** Users, for those who may ask for them; the role does not change while this is open. */
const usePeople = (): readonly Entry[] => isSuperadmin() ? useUsers() : [];

function useUsers(): readonly Entry[] {
  const users = useQuery("GET /v1/users", {}).data ?? [];
  return users.map((it) => ({
    kind: t("role.user"),
    label: it.display_name,
    note: it.user_id,
    then: `/users/${it.user_id}`,
  }));
}
