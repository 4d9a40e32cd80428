import { localAccounts } from "../../src/identity/local_identity_store.ts";
import { testIdentityStore } from "../kit/identity_store_contract.ts";
import { TemporaryStore } from "../kit/seeded_store.ts";

testIdentityStore("local", () => {
  const db = new TemporaryStore();
  return Promise.resolve({
    store: localAccounts(db.store).store,
    [Symbol.asyncDispose]: () => Promise.resolve(db[Symbol.dispose]()),
  });
});
