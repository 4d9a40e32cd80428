/**
 * `site-add`, `site-list`, `site-remove`, `site-upload`.
 *
 * @module
 */

import { type Command, Option } from "commander";
import type { ProcessIo } from "../system/process_io.ts";
import type { HttpFlags } from "./flags.ts";
import { argument, type Run, withHttp } from "./options.ts";
import type { SiteAddFlags, SiteFormatFlags } from "./sites.ts";

export function addSiteCommands(program: Command, run: Run, io: ProcessIo): void {
  const command = (name: string, description: string) =>
    withHttp(program.command(name).description(description));
  const load = () => import("./sites.ts");

  const add = shown(command("site-add", "Make a site of files, below the domain of the server"))
    .argument("<NAME>", "its name, and its subdomain")
    .option("--domain <FQDN>", "a name of its own, published once it leads to the server")
    .option("--owner <USER_ID>", "whose files they are (default: the caller)")
    .option("--spa", "unknown paths show the first page")
    .option("--protected", "visitors have to log in")
    .addOption(
      new Option("--allow <USER_ID...>", "only these users may come in (default: all users)"),
    );
  run(
    add,
    async (flags: SiteAddFlags) => (await load()).addSite({ ...flags, name: argument(add, 0) }, io),
  );

  const list = shown(command("site-list", "List the sites that you may see"));
  run(list, async (flags: HttpFlags & SiteFormatFlags) => (await load()).listSites(flags, io));

  const remove = command("site-remove", "Remove a site, its files and its name")
    .argument("<SITE>", "name or id of the site");
  run(
    remove,
    async (flags: HttpFlags) =>
      (await load()).removeSite({ ...flags, site: argument(remove, 0) }, io),
  );

  const upload = command("site-upload", "Upload a folder to a site; what is unchanged is skipped")
    .argument("<SITE>", "name or id of the site")
    .argument("<FOLDER>", "whose content the site shall have")
    .option("--all", "upload what is unchanged, too");
  run(
    upload,
    async (flags: HttpFlags & { readonly all?: true }) =>
      (await import("./site_upload.ts")).uploadSite({
        ...flags,
        site: argument(upload, 0),
        folder: argument(upload, 1),
      }, io),
  );
}

/** `text` is JSON, as with users and grants. */
const shown = (command: Command) =>
  command.addOption(
    new Option("--format <FORMAT>", "output format (default: table on a terminal, else json)")
      .choices(["text", "json", "table"]),
  );
