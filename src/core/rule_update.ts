/**
 * From the body of `PUT /v1/rules/{rule_id}` to a running rule's new caps.
 *
 * @module
 */

import { parseTargetHost } from "./address.ts";
import { PortunusError } from "./errors.ts";
import type { RateLimit } from "./rate_limit.ts";
import type { RuleSpec } from "./rule.ts";
import type { RuleBody, TargetBody } from "./rule_body.ts";
import { limitsOf, listenOf, protocolText } from "./rule_input.ts";

/** A rule as it is stored. */
export interface StoredRule extends Omit<RuleSpec, "id" | "ownerId"> {
  /** Display name of its client. */
  readonly clientName: string;
}

/**
 * The caps that `body` gives to `stored`, `null` for none. The body must describe the rule as it
 * is, for only its caps may change. A target without a priority is taken to have priority 0, not
 * its index.
 *
 * @throws {PortunusError} the codes of spec `http-api.md` §11.8, steps 2 to 5
 */
export function limitsFromUpdate(body: RuleBody, stored: StoredRule): RateLimit | null {
  const listen = listenOf(body);
  const limits = limitsOf(body);
  demand(body.client === stored.clientName, "client");
  demand(protocolText(body) === stored.protocol, "protocol");
  demand(listen.start === stored.listen.start && listen.end === stored.listen.end, "listen ports");
  if (body.targets) {
    requireSameTargets(body.targets, stored);
    return limits;
  }
  requireSameTarget(body, stored);
  if (limits !== null) {
    throw new PortunusError("validation.rate_limit_on_legacy_shape", "rate_limit needs targets");
  }
  return null;
}

function requireSameTarget(body: RuleBody, { targetHost, targetPorts }: StoredRule): void {
  demand(isSameHost(body.target_host ?? "", targetHost), "target_host");
  demand(body.target_port === targetPorts.start, "target_port");
  demand((body.target_port_end ?? body.target_port) === targetPorts.end, "target_port_end");
}

/** A rule of the single-target form counts as a list of one. */
function requireSameTargets(entries: readonly TargetBody[], stored: StoredRule): void {
  const targets = stored.targets.length > 0
    ? stored.targets
    : [{ host: stored.targetHost, port: stored.targetPorts.start, priority: 0 }];
  demand(entries.length === targets.length, "number of targets");
  for (const [i, target] of targets.entries()) {
    const entry = entries[i];
    const same = entry !== undefined && isSameHost(entry.host, target.host) &&
      entry.port === target.port && (entry.priority ?? 0) === target.priority;
    demand(same, `target ${i}`);
  }
}

function demand(isSame: boolean, what: string): void {
  if (isSame) return;
  throw new PortunusError(
    "validation.rule_update_shape_mismatch",
    `${what} differs; only rate_limit can change`,
  );
}

/** Compares canonical forms: what 3.1.0 stored may be written otherwise. */
function isSameHost(a: string, b: string): boolean {
  return canonicalHost(a) === canonicalHost(b);
}

function canonicalHost(text: string): string {
  try {
    return parseTargetHost(text);
  } catch {
    return text;
  }
}
