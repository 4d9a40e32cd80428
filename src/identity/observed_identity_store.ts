/**
 * Tells of changes of accounts, wherever in the program they are made.
 *
 * @module
 */

import type { IdentityStore, UserStore } from "./identity_store.ts";

const CHANGES = [
  "insertUser",
  "insertFirstSuperadmin",
  "updateUser",
  "replacePassword",
  "overridePassword",
  "removeUser",
] as const satisfies readonly (keyof UserStore)[];

const isChange = (name: PropertyKey) => (CHANGES as readonly PropertyKey[]).includes(name);

/** `store`, which calls `changed` after each change of users that it made. */
export function observed(store: IdentityStore, changed: () => void): IdentityStore {
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      return async (...args: unknown[]) => {
        const result: unknown = await value.apply(target, args);
        if (isChange(name)) changed();
        return result;
      };
    },
  });
}
