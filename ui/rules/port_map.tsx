import { formatRange, type PortRange } from "../../src/core/ports.ts";
import { useQuery } from "../api/query.ts";
import type { Grant, Rule } from "../api/types.ts";
import { isSuperadmin } from "../app/session.ts";
import { t } from "../i18n/i18n.ts";
import { byPort, grantedRanges, listenOf, nextFree } from "./ports.ts";
import type { Protocol } from "./rule_fields.ts";

const SHOWN = 100;
const NAMED_MAX = 8;

export interface PortMapProps {
  readonly clientName: string;
  /** Those of the client. */
  readonly rules: readonly Rule[];
  readonly protocol: Protocol;
  /** What is about to be taken. */
  readonly wanted: PortRange;
  readonly onChoose: (start: number) => void;
}

/** The ports around the wanted ones: taken, granted to somebody, free. */
export function PortMap(props: PortMapProps) {
  return isSuperadmin() ? <WithGrants {...props} /> : <Map {...props} grants={[]} />;
}

function WithGrants(props: PortMapProps) {
  const { data } = useQuery("GET /v1/grants", { query: {} });
  return <Map {...props} grants={data ?? []} />;
}

type MapProps = PortMapProps & { readonly grants: readonly Grant[] };

function Map({ clientName, rules, protocol, wanted, onChoose, grants }: MapProps) {
  const first = Math.max(1, Math.floor(wanted.start / SHOWN) * SHOWN);
  const window = {
    start: first,
    end: Math.min(65_535, Math.floor(first / SHOWN) * SHOWN + SHOWN - 1),
  };
  const taken = byPort(rules, protocol);
  const granted = grantedRanges(grants, clientName, protocol);
  const free = nextFree(wanted, rules, protocol);
  const ports = Array.from({ length: window.end - first + 1 }, (_, i) => first + i);
  return (
    <div class="port-map">
      <div class="row">
        <button
          type="button"
          class="button"
          disabled={free === null || free === wanted.start}
          onClick={() => free !== null && onChoose(free)}
        >
          {t("ports.next")}
        </button>
        <span class="hint">{takenText(taken, wanted, clientName)}</span>
      </div>
      <div
        class="port-cells"
        role="img"
        aria-label={t("ports.window", { range: formatRange(window) })}
      >
        {ports.map((port) => (
          <PortCell
            key={port}
            port={port}
            rule={taken.find((it) => isIn(port, listenOf(it)))}
            isGranted={granted.some((it) => isIn(port, it))}
            isWanted={isIn(port, wanted)}
            onChoose={onChoose}
          />
        ))}
      </div>
      <p class="hint legend">
        <span>{formatRange(window)}</span>
        <span>
          <i class="taken" /> {t("ports.taken")}
        </span>
        <span>
          <i class="wanted" /> {t("ports.wanted")}
        </span>
        {granted.length > 0 && (
          <span>
            <i class="granted" /> {t("ports.granted")}
          </span>
        )}
      </p>
    </div>
  );
}

const isIn = (port: number, { start, end }: PortRange) => start <= port && port <= end;

interface PortCellProps {
  readonly port: number;
  readonly rule: Rule | undefined;
  readonly isGranted: boolean;
  readonly isWanted: boolean;
  readonly onChoose: (start: number) => void;
}

function PortCell({ port, rule, isGranted, isWanted, onChoose }: PortCellProps) {
  const kind = `${rule ? "taken" : isGranted ? "granted" : ""} ${isWanted ? "wanted" : ""}`;
  const title = rule ? t("ports.of_rule", { port, id: rule.id }) : `${port}`;
  return <i class={kind} title={title} onClick={() => rule === undefined && onChoose(port)} />;
}

/** The ranges that are taken, those near the wanted one first. */
function takenText(rules: readonly Rule[], wanted: PortRange, client: string): string {
  if (rules.length === 0) return t("ports.none_taken", { client });
  const distance = (rule: Rule) => Math.abs(rule.listen_port - wanted.start);
  const near = rules.toSorted((a, b) => distance(a) - distance(b)).slice(0, NAMED_MAX)
    .toSorted((a, b) => a.listen_port - b.listen_port);
  const ranges = [...new Set(near.map((it) => formatRange(listenOf(it))))].join(", ");
  return t("ports.taken_on", {
    client,
    ranges: near.length < rules.length ? `${ranges} …` : ranges,
  });
}
