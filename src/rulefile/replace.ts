/** The requests that a replacement is made of, by what a rule is described with; they throw what refused them. */
export interface RuleCalls<Body extends Place> {
  /** Resolves to the id of the new rule. */
  readonly push: (body: Body) => Promise<bigint>;
  readonly remove: (id: bigint) => Promise<void>;
  /** The rules as they are. */
  readonly list: () => Promise<readonly PlacedRule[]>;
}

/** Where a rule is to listen, as `POST /v1/rules` takes it. */
export interface Place {
  readonly client: string;
  readonly protocol?: string | null | undefined;
  readonly listen_port: number;
  readonly sni_pattern?: string | null | undefined;
}

/** Where a rule is, as `GET /v1/rules` shows it. */
export interface PlacedRule {
  readonly id: number | bigint;
  readonly client_name: string;
  readonly protocol: string;
  readonly listen_port: number;
  readonly sni_pattern?: string | undefined;
  readonly state: { readonly kind: string };
}

export interface Replacement<Body> {
  readonly id: bigint;
  /** What the rule is now, to bring it back. */
  readonly before: Body;
  readonly after: Body;
}

/** The new rule was refused. */
export class NotReplaced extends Error {
  /**
   * @param restored the id under which the old rule is back, or why it is not
   */
  constructor(
    override readonly cause: unknown,
    readonly restored: { readonly id: bigint } | { readonly failure: unknown },
  ) {
    super("the new rule was refused");
  }

  override name = "NotReplaced";
}

/**
 * Puts one rule in the place of another: a port has one rule, so the old one goes first, and comes
 * back when the new one is refused. Resolves to the new id.
 *
 * @throws what `remove` throws, when nothing was changed; {@linkcode NotReplaced}
 */
export async function replaceRule<Body extends Place>(
  calls: RuleCalls<Body>,
  { id, before, after }: Replacement<Body>,
): Promise<bigint> {
  const push = cleanPush(calls, await calls.list());
  await calls.remove(id);
  try {
    return await push(after);
  } catch (cause) {
    const restored = await calls.push(before).then((id) => ({ id }), (failure) => ({ failure }));
    throw new NotReplaced(cause, restored);
  }
}

/**
 * A push that leaves nothing behind when it is refused: a rule that its client did not activate
 * stays, failed or pending, and keeps its port. Rules of `known` are left alone.
 */
export function cleanPush<Body extends Place>(
  { push, remove, list }: RuleCalls<Body>,
  known: readonly PlacedRule[],
): RuleCalls<Body>["push"] {
  const ids = new Set(known.map(({ id }) => BigInt(id)));
  return async (body) => {
    try {
      return await push(body);
    } catch (error) {
      const left = (await list()).filter((it) => !ids.has(BigInt(it.id)) && isAt(it, body));
      for (const { id } of left) await remove(BigInt(id));
      throw error;
    }
  };
}

const isAt = (rule: PlacedRule, { client, protocol, listen_port, sni_pattern }: Place): boolean =>
  rule.client_name === client && rule.protocol === (protocol ?? "tcp") &&
  rule.listen_port === listen_port && (rule.sni_pattern ?? null) === (sni_pattern ?? null) &&
  (rule.state.kind === "failed" || rule.state.kind === "pending");
