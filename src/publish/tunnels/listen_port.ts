import { PortunusError } from "../../core/errors.ts";
import { type Grant, grantNames } from "../../core/grants.ts";
import { PUBLISH } from "../../core/limits.ts";
import { PORT_MAX, type PortRange } from "../../core/ports.ts";

/**
 * The lowest port, of those for backing rules, that is inside the grants and not `taken`.
 *
 * @param grants of the caller; `null` for somebody who needs none
 * @throws {PortunusError} `listen_port_unavailable`
 */
export function freeListenPort(
  clientName: string,
  { grants, taken }: {
    readonly grants: readonly Grant[] | null;
    readonly taken: readonly PortRange[];
  },
): number {
  const granted = grants?.filter((it) => grantNames(it, clientName) && it.protocols.includes("tcp"))
    .map(({ listen }) => listen);
  const isFree = new Uint8Array(PORT_MAX + 1);
  for (const { start, end } of granted ?? [{ start: 1, end: PORT_MAX }]) {
    isFree.fill(1, start, end + 1);
  }
  for (const { start, end } of taken) isFree.fill(0, start, end + 1);
  const port = isFree.indexOf(1, PUBLISH.listenPortFrom);
  if (port < 0) throw new PortunusError("listen_port_unavailable", `client ${clientName}`);
  return port;
}
