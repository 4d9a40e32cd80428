import { RATE_LIMIT_FIELDS, type RateLimitName } from "../../src/core/rate_limit.ts";
import { Field } from "../components/field.tsx";
import { QuantityField } from "../components/inputs.tsx";
import { t, type TextKey } from "../i18n/i18n.ts";
import type { Problems } from "./rule_body.ts";
import { type CapFields, isBandwidth } from "./rule_fields.ts";

/** What each cap is called. */
export const CAP_LABELS: Readonly<Record<RateLimitName, TextKey>> = {
  bandwidth_in_bps: "caps.in",
  bandwidth_out_bps: "caps.out",
  new_connections_per_sec: "caps.new",
  concurrent_connections: "caps.concurrent",
  bandwidth_in_burst: "caps.in_burst",
  bandwidth_out_burst: "caps.out_burst",
  new_connections_burst: "caps.new_burst",
};

export interface CapInputsProps {
  readonly caps: CapFields;
  /** By name, with `caps.` before it. */
  readonly problems: Problems;
  readonly onChange: (caps: CapFields) => void;
}

/** The caps of a rule; what may be set and rarely is stays folded. */
export function CapInputs({ caps, problems, onChange }: CapInputsProps) {
  const input = (name: RateLimitName) => {
    const shared = {
      label: t(CAP_LABELS[name]),
      value: caps[name],
      error: problems[`caps.${name}`],
      onInput: (value: string) => onChange({ ...caps, [name]: value }),
    };
    if (!isBandwidth(name)) return <Field key={name} {...shared} />;
    return <QuantityField key={name} {...shared} kind={name.endsWith("_bps") ? "rate" : "bytes"} />;
  };
  const [rates, bursts] = [false, true].map((isBurst) =>
    RATE_LIMIT_FIELDS.filter((it) => "rate" in it === isBurst).map(({ name }) => name)
  );
  const isOpen = bursts?.some((it) => caps[it] !== "" || problems[`caps.${it}`] !== undefined);
  return (
    <>
      <div class="pair caps">{rates?.map(input)}</div>
      <details class="fold" open={isOpen ?? false}>
        <summary>{t("caps.advanced")}</summary>
        <p class="hint">{t("caps.burst_hint")}</p>
        <div class="pair caps">{bursts?.map(input)}</div>
      </details>
    </>
  );
}
