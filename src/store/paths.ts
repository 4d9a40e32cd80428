/** Files of a store. */
export interface StorePaths {
  readonly database: string;
  readonly lock: string;
}

/** Where the store of a data directory lies. The directory is kept as it was written. */
export function storePaths(dataDir: string): StorePaths {
  const database = `${dataDir}${dataDir.endsWith("/") ? "" : "/"}state.db`;
  return { database, lock: `${database}.lock` };
}
