/** The two requests that a replacement is made of, by what a rule is described with; both throw what refused them. */
export interface RuleCalls<Body> {
  /** Resolves to the id of the new rule. */
  readonly push: (body: Body) => Promise<bigint>;
  readonly remove: (id: bigint) => Promise<void>;
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
export async function replaceRule<Body>(
  { push, remove }: RuleCalls<Body>,
  { id, before, after }: Replacement<Body>,
): Promise<bigint> {
  await remove(id);
  try {
    return await push(after);
  } catch (cause) {
    const restored = await push(before).then((id) => ({ id }), (failure) => ({ failure }));
    throw new NotReplaced(cause, restored);
  }
}
