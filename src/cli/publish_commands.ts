/**
 * `publish-status`.
 *
 * @module
 */

import type { Command } from "commander";
import type { ProcessIo } from "../system/process_io.ts";
import type { FormatFlags, HttpFlags } from "./flags.ts";
import { type Run, withFormat, withHttp } from "./options.ts";

export function addPublishCommands(program: Command, run: Run, io: ProcessIo): void {
  const status = withFormat(withHttp(
    program.command("publish-status")
      .description("Show how far the set-up of publishing is, and the certificates of hosts"),
  ));
  run(
    status,
    async (flags: HttpFlags & FormatFlags) =>
      (await import("./publish.ts")).showPublishStatus(flags, io),
  );
}
