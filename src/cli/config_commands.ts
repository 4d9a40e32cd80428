import type { Command } from "commander";
import type { ProcessIo } from "../system/process_io.ts";
import { type Run, withFormat } from "./options.ts";
import type { CheckFlags, ShowFlags } from "./server_config.ts";

/** Adds `config check` and `config show`. */
export function addConfigCommands(program: Command, run: Run, io: ProcessIo): void {
  const config = program.command("config").description("server.toml, before the server reads it");

  const check = withFile(
    config.command("check")
      .description("Say everything that is wrong with the file and the TLS files it names"),
  );
  run(
    check,
    async (flags: CheckFlags) => (await import("./server_config.ts")).checkConfig(flags, io),
  );

  const show = withFormat(
    withFile(
      config.command("show")
        .description("Print what takes effect and where it comes from; secrets are masked"),
    ).option("--operator-http-listen <ADDR>", "as serve is told"),
  );
  run(
    show,
    async (flags: ShowFlags) => (await import("./server_config.ts")).showConfig(flags, io),
  );
}

const withFile = (command: Command): Command =>
  command.option("--file <PATH>", "read this in the place of server.toml");
