import type { OwnerOnClient } from "../store/owner_caps.ts";

/** Counts the rules of each owner on each client, so that nobody has to look through all rules. */
export class OwnerIndex {
  readonly #clients = new Map<string, Map<string, number>>();

  add({ clientId, ownerId }: OwnerOnClient): void {
    const owners = this.#clients.get(clientId) ?? new Map<string, number>();
    this.#clients.set(clientId, owners.set(ownerId, (owners.get(ownerId) ?? 0) + 1));
  }

  remove({ clientId, ownerId }: OwnerOnClient): void {
    const owners = this.#clients.get(clientId);
    const left = (owners?.get(ownerId) ?? 0) - 1;
    if (left > 0) owners?.set(ownerId, left);
    else owners?.delete(ownerId);
    if (owners?.size === 0) this.#clients.delete(clientId);
  }

  /** The owners with rules on a client, and how many they have. */
  on(clientId: string): ReadonlyMap<string, number> {
    return this.#clients.get(clientId) ?? new Map();
  }

  /** The owners that have no rule on a client any more when `doomed` are gone. */
  leavingWith(doomed: readonly OwnerOnClient[]): OwnerOnClient[] {
    const leaving: OwnerOnClient[] = [];
    for (const [clientId, rules] of Map.groupBy(doomed, (rule) => rule.clientId)) {
      for (const [ownerId, mine] of Map.groupBy(rules, (rule) => rule.ownerId)) {
        if (mine.length >= (this.on(clientId).get(ownerId) ?? 0)) {
          leaving.push({ clientId, ownerId });
        }
      }
    }
    return leaving;
  }
}
