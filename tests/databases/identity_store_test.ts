import { DATABASE_KINDS, databaseConfig, databaseUrls, openEmptyStore } from "../kit/databases.ts";
import { testIdentityStore } from "../kit/identity_store_contract.ts";

const urls = await databaseUrls();

for (const kind of DATABASE_KINDS) {
  testIdentityStore(kind, () => openEmptyStore(databaseConfig(kind, urls[kind])));
}
