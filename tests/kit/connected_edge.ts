import type { SessionRegistry } from "../../src/control/registry.ts";
import type { RuleService } from "../../src/control/rules.ts";
import type { ClientIdentity, Session } from "../../src/control/session.ts";
import {
  OwnerRateLimitAction,
  type OwnerRateLimitUpdate,
  RuleAction,
  type RuleStatus,
  type RuleUpdate,
  TrafficQuotaAction,
  type TrafficQuotaUpdate,
} from "../../src/wire/gen/portunus/v1/portunus_pb.ts";
import { ruleStatus, updateOf } from "./messages.ts";

/** How an edge answers a PUSH; `null` is silence. */
export type Answer = (update: RuleUpdate) => RuleStatus | null;

/** Answers as an edge where everything works. */
export const activates: Answer = ({ requestId, rule }) =>
  ruleStatus({ requestId, ruleId: rule?.ruleId ?? 0n });

export const silent: Answer = () => null;

/** A connected client that is welcomed and answers every PUSH. */
export class ConnectedEdge {
  readonly session: Session;
  readonly updates: RuleUpdate[] = [];
  /** What it was told of owners' caps. */
  readonly ownerCaps: OwnerRateLimitUpdate[] = [];
  /** What it was told of quotas. */
  readonly quotas: TrafficQuotaUpdate[] = [];
  /** Resolves when the session's queue has ended. */
  readonly over: Promise<void>;
  answer: Answer = activates;

  constructor(
    registry: SessionRegistry,
    rules: RuleService,
    identity: ClientIdentity,
    version: string | null = "3.1.0",
  ) {
    this.session = registry.register(identity, "203.0.113.9:51514");
    this.session.version = version;
    this.session.protocols = new Set(["tcp", "udp"]);
    this.session.welcomed = true;
    this.over = this.#serve(rules);
  }

  /** `PUSH 0`, `REMOVE 0`, in order. */
  get commands(): string[] {
    return this.updates.map(({ action, rule }) => `${RuleAction[action]} ${rule?.ruleId}`);
  }

  /** `SET alice`, `REMOVE alice`, in order. */
  get capCommands(): string[] {
    return this.ownerCaps.map(({ action, ownerId }) =>
      `${OwnerRateLimitAction[action]} ${ownerId}`
    );
  }

  /** `SET alice 100 left`, `REMOVE alice`, in order. */
  get quotaCommands(): string[] {
    return this.quotas.map(({ action, userId, state }) => {
      const budget = state
        ? ` ${state.budgetRemainingBytes} left${state.exhausted ? ", exhausted" : ""}`
        : "";
      return `${TrafficQuotaAction[action]} ${userId}${budget}`;
    });
  }

  async #serve(rules: RuleService): Promise<void> {
    for await (const message of this.session.outbound) {
      if (message.payload.case === "ownerRateLimitUpdate") {
        this.ownerCaps.push(message.payload.value);
        continue;
      }
      if (message.payload.case === "trafficQuotaUpdate") {
        this.quotas.push(message.payload.value);
        continue;
      }
      const update = updateOf(message);
      this.updates.push(update);
      const status = update.action === RuleAction.PUSH ? this.answer(update) : null;
      if (status) rules.onStatus(this.session, status);
    }
  }
}
