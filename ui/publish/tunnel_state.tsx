import type { Tunnel } from "../api/types.ts";
import { t } from "../i18n/i18n.ts";

type StateKind = Tunnel["state"]["kind"];

const TONES: Readonly<Record<StateKind, "good" | "bad" | "warn" | "">> = {
  provisioning: "",
  active: "good",
  failed: "bad",
  disabled: "",
  detached: "warn",
};

/** How far a tunnel is, and why it is no further. */
export function TunnelState({ tunnel: { state } }: { readonly tunnel: Pick<Tunnel, "state"> }) {
  return (
    <span class={`badge ${TONES[state.kind]}`} title={state.reason ?? t(`tunnel.is_${state.kind}`)}>
      {t(`tunnel.state_${state.kind}`)}
    </span>
  );
}
