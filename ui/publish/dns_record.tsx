import { useRef } from "preact/hooks";
import { CopyButton } from "../components/copy_button.tsx";
import { t } from "../i18n/i18n.ts";
import { dnsLine } from "./dns_line.ts";

export interface DnsRecordProps {
  readonly name: string;
  /** An address or a name; `null` when it is not known. */
  readonly pointsTo: string | null;
}

/** The record to add at the name's provider, to copy. */
export function DnsRecord({ name, pointsTo }: DnsRecordProps) {
  const shown = useRef<HTMLElement>(null);
  if (pointsTo === null) return <p class="hint">{t("dns.unknown", { name })}</p>;
  const line = dnsLine(name, pointsTo);
  return (
    <div class="row">
      <code class="command" ref={shown}>{line}</code>
      <CopyButton text={line} shown={shown} />
    </div>
  );
}
