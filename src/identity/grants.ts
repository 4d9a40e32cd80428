import type { Clock } from "../core/clock.ts";
import { AccessError } from "../core/errors.ts";
import { ANY_CLIENT, type Grant } from "../core/grants.ts";
import { clientNameProblem } from "../core/ids.ts";
import { instantFromMillis } from "../core/instant.ts";
import type { Logger } from "../core/log.ts";
import { type PortRange } from "../core/ports.ts";
import { type Protocol, PROTOCOLS } from "../core/rule.ts";
import { StoreError } from "../store/database.ts";
import type { GrantRepository, GrantRow } from "../store/grants.ts";
import type { UserStore } from "./identity_store.ts";
import { knownUserId, personalUserId } from "./user_ids.ts";

/** A grant as a superadmin asks for one. */
export interface GrantDraft {
  readonly userId: string;
  readonly client: string;
  readonly listen: PortRange;
  readonly protocols: readonly string[];
  readonly note: string | null;
}

export interface GrantsOptions {
  readonly store: UserStore;
  readonly anchor: (userId: string) => void;
  readonly grantRows: GrantRepository;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Makes a ULID. */
  readonly newId: () => string;
}

/** What users may forward. Revoking takes rules with it, and is in `control/access.ts`. */
export class Grants {
  readonly #options: GrantsOptions;

  constructor(options: GrantsOptions) {
    this.#options = options;
  }

  /** Grants by id, of one user or, with `null`, of all. @throws {AccessError} `invalid_user_id` */
  list(userId: string | null): Promise<readonly GrantRow[]> {
    const { grantRows } = this.#options;
    return Promise.try(() =>
      userId === null ? grantRows.list() : grantRows.listOf(knownUserId(userId))
    );
  }

  /**
   * Enters a grant, for the log on behalf of `actor`. Its client need not exist.
   *
   * @throws {AccessError} `invalid_user_id`, `reserved_user_id`, `invalid_client`,
   * `invalid_port_range`, `empty_protocol_set`, `user_not_found`, in this order
   */
  async add(actor: string, draft: GrantDraft): Promise<GrantRow> {
    const { store, anchor, grantRows, clock, logger, newId } = this.#options;
    const userId = personalUserId(draft.userId);
    const checked = { userId, ...grantOf(draft), note: draft.note };
    if (!await store.account(checked.userId)) throw new AccessError("user_not_found");
    anchor(checked.userId);
    const createdAt = instantFromMillis(clock.now());
    const grant: GrantRow = { ...checked, grantId: newId(), createdAt };
    insert(grantRows, grant);
    logger.info("operator.grant_added", {
      actor,
      target: grant.userId,
      grant_id: grant.grantId,
      outcome: "ok",
    });
    return grant;
  }
}

/**
 * What a draft grants.
 *
 * @throws {AccessError} `invalid_client`, `invalid_port_range`, `empty_protocol_set`, in this order
 */
export function grantOf(draft: Pick<GrantDraft, "client" | "listen" | "protocols">): Grant {
  return {
    client: clientOf(draft.client),
    listen: rangeOf(draft.listen),
    protocols: protocolsOf(draft.protocols),
  };
}

/** @throws {AccessError} `user_not_found` */
function insert(grantRows: GrantRepository, grant: GrantRow): void {
  try {
    grantRows.insert(grant);
  } catch (error) {
    if (error instanceof StoreError && error.kind === "conflict") {
      throw new AccessError("user_not_found");
    }
    throw error;
  }
}

function clientOf(client: string): string {
  if (client !== ANY_CLIENT && clientNameProblem(client) !== null) {
    throw new AccessError("invalid_client");
  }
  return client;
}

function rangeOf(listen: PortRange): PortRange {
  if (listen.start < 1 || listen.start > listen.end) throw new AccessError("invalid_port_range");
  return listen;
}

function protocolsOf(names: readonly string[]): readonly Protocol[] {
  const unknown = names.some((name) => !(PROTOCOLS as readonly string[]).includes(name));
  if (unknown || names.length === 0) throw new AccessError("empty_protocol_set");
  return PROTOCOLS.filter((protocol) => names.includes(protocol));
}
