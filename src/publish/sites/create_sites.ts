import { instantFromMillis } from "../../core/instant.ts";
import { SiteRepository } from "../../store/sites.ts";
import type { Store } from "../../store/open.ts";
import type { Random } from "../../system/random.ts";
import type { PublishConfig } from "../config.ts";
import { SiteService, type SiteServiceOptions } from "./sites.ts";
import { SiteFiles } from "./site_files.ts";
import { SiteStorage } from "./site_storage.ts";

/** The services of sites. */
export interface Sites {
  readonly sites: SiteService;
  readonly siteFiles: SiteFiles;
}

export interface CreateSitesOptions
  extends Omit<SiteServiceOptions, "store" | "sites" | "storage"> {
  readonly config: () => PublishConfig;
  readonly store: Store;
  readonly random: Random;
}

/** Puts the services together; nothing is served yet. */
export function createSites(
  { config, ...options }: CreateSitesOptions,
): Sites {
  const { store, clock } = options;
  const rows = new SiteRepository(store);
  const storage = new SiteStorage({
    ...options,
    directory: config().sitesDir,
    limits: config,
    onSize: (siteId, totalSize) =>
      rows.update(siteId, { totalSize }, instantFromMillis(clock.now())),
  });
  const sites = new SiteService({
    ...options,
    sites: rows,
    storage,
  });
  return { sites, siteFiles: new SiteFiles(storage, () => config().maxFileSizeBytes) };
}
