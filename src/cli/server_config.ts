/**
 * `config check` and `config show`: what `serve` would make of `server.toml` and its surroundings.
 *
 * @module
 */

import { seedFrom } from "../core/endpoint.ts";
import { errorText, PortunusError } from "../core/errors.ts";
import { stringifyJson } from "../core/json.ts";
import { locateToml } from "../rulefile/toml_positions.ts";
import {
  type ConfigSurroundings,
  parseServerConfig,
  type ServerConfig,
  serverConfigProblems,
} from "../server/config.ts";
import { effectiveSettings, type Overrides, type Setting } from "../server/config_settings.ts";
import { LISTEN_VARIABLE } from "../server/serve.ts";
import { locateDataDir } from "../system/data_dir.ts";
import { isFile, type ProcessIo } from "../system/process_io.ts";
import { checkTlsFiles } from "../wire/tls_material.ts";
import { CommandError } from "./command_error.ts";
import type { FormatFlags, GlobalFlags } from "./flags.ts";
import { dataDirOf } from "./local.ts";
import { formatTable } from "./table.ts";

export interface CheckFlags extends GlobalFlags {
  readonly file?: string;
}

export interface ShowFlags extends CheckFlags, FormatFlags {
  readonly operatorHttpListen?: string;
}

const CONFIG_EXIT = 1;

/** `config check`: reads the file and the TLS files it names, and changes nothing. */
export async function checkConfig(flags: CheckFlags, io: ProcessIo): Promise<number> {
  const dataDir = dataDirOf(flags, io);
  const { path, text } = await readFile(flags, dataDir);
  const config = parsed(text, { path, dataDir, env: io.env });
  const { tlsCertPath: certPath, tlsKeyPath: keyPath } = config;
  // Where one is missing, `serve` makes both.
  if (isFile(certPath) && isFile(keyPath)) await tlsFiles({ certPath, keyPath });
  if (config.operatorHttpTls !== null) await tlsFiles(config.operatorHttpTls);
  io.out("ok");
  return 0;
}

/** `config show`: effective values with what they come from, without secrets. */
export async function showConfig(flags: ShowFlags, io: ProcessIo): Promise<number> {
  const located = locateDataDir({ flag: flags.dataDir, env: io.env });
  const { path, text } = await readFile(flags, located.path);
  const around = { dataDir: located.path, env: io.env };
  parsed(text, { path, ...around });
  const settings: Setting[] = [
    { key: "data_dir", value: located.path, source: located.source },
    advertisedEndpoint(flags, io),
    ...effectiveSettings({ text, ...around, overrides: overridesOf(flags, io) }),
  ];
  io.out(flags.format === "json" ? stringifyJson(settings) : table(settings));
  return 0;
}

function advertisedEndpoint({ advertisedEndpoint }: GlobalFlags, io: ProcessIo): Setting {
  const variable = "PORTUNUS_ADVERTISED_ENDPOINT";
  const value = seedFrom(advertisedEndpoint, io.env(variable));
  const source = advertisedEndpoint === undefined ? variable : "--advertised-endpoint";
  return { key: "advertised_endpoint", value, source: value === null ? "default" : source };
}

function overridesOf({ operatorHttpListen }: ShowFlags, io: ProcessIo): Overrides {
  const source = operatorHttpListen === undefined ? LISTEN_VARIABLE : "--operator-http-listen";
  const given = [
    { key: "operator_http_listen", value: operatorHttpListen ?? io.env(LISTEN_VARIABLE), source },
    { key: "log_level", value: io.env("RUST_LOG"), source: "RUST_LOG" },
  ];
  return new Map(
    given.flatMap(({ key, value = "", source }) =>
      value.trim() === "" ? [] : [[key, { value: value.trim(), source }] as const]
    ),
  );
}

async function readFile(
  { file }: CheckFlags,
  dataDir: string,
): Promise<{ readonly path: string; readonly text: string }> {
  const path = file ?? `${dataDir}/server.toml`;
  try {
    return { path, text: await Deno.readTextFile(path) };
  } catch (error) {
    if (file === undefined && error instanceof Deno.errors.NotFound) return { path, text: "" };
    throw new CommandError(`error: io: ${path}: ${errorText(error)}`, CONFIG_EXIT);
  }
}

/** @throws {CommandError} with a line for everything that is wrong, where it is */
function parsed(
  text: string,
  { path, ...around }: ConfigSurroundings & { readonly path: string },
): ServerConfig {
  try {
    const problems = serverConfigProblems(text, around);
    if (problems.length === 0) return parseServerConfig(text, around);
    const locate = locateToml(text);
    const lines = problems.map(({ path: key, message }) => ({ ...locate(key), message }))
      .toSorted((a, b) => a.line - b.line || a.column - b.column)
      .map(({ line, column, message }) => `${path}:${line}:${column}: ${message}`);
    throw new CommandError(`error: config_invalid:\n  ${lines.join("\n  ")}`, CONFIG_EXIT);
  } catch (error) {
    if (!(error instanceof PortunusError)) throw error;
    throw new CommandError(`error: ${error.code}: ${path}: ${error.detail}`, CONFIG_EXIT);
  }
}

async function tlsFiles(paths: { certPath: string; keyPath: string }): Promise<void> {
  try {
    await checkTlsFiles(paths);
  } catch (error) {
    throw new CommandError(`error: ${errorText(error)}`, CONFIG_EXIT);
  }
}

function table(settings: readonly Setting[]): string {
  const rows = settings.map(({ key, value, source }) => [
    key,
    source,
    value === null ? "-" : String(value),
  ]);
  const width = (i: number) => Math.max(...rows.map((cells) => [...cells[i] ?? ""].length));
  return formatTable([
    { title: "KEY", width: width(0) },
    { title: "SOURCE", width: width(1) },
    { title: "VALUE", width: 0 },
  ], rows);
}
