/**
 * The set-up of publishing over the operator API.
 *
 * @module
 */

import { z } from "zod";
import { type Json, sortKeys, stringifyJson } from "../core/json.ts";
import type { ProcessIo } from "../system/process_io.ts";
import { CommandError } from "./command_error.ts";
import type { FormatFlags, HttpFlags } from "./flags.ts";
import { fetchAnswer } from "./http_client.ts";
import { formatTable } from "./table.ts";

const StatusAnswer = z.looseObject({
  status: z.string(),
  domain: z.string().nullable(),
  email: z.string().nullable(),
  public_ip: z.string().nullable(),
  provision: z.looseObject({
    running: z.boolean(),
    tasks: z.array(z.looseObject({
      task: z.string(),
      status: z.string(),
      message: z.string().nullable(),
    })),
  }),
});

const CertificatesAnswer = z.array(z.looseObject({
  host: z.string(),
  status: z.string(),
  source: z.string().nullable(),
  not_after: z.string().nullable(),
  last_error: z.string().nullable(),
  next_attempt: z.string().nullable(),
}));

const COLUMNS = [
  { title: "HOST", width: 32 },
  { title: "CERTIFICATE", width: 11 },
  { title: "SOURCE", width: 8 },
  { title: "ENDS", width: 24 },
  { title: "LAST ERROR", width: 10 },
];

const FORBIDDEN_EXIT = 5;

/** `publish-status` */
export async function showPublishStatus(
  flags: HttpFlags & FormatFlags,
  io: ProcessIo,
): Promise<number> {
  const api = { flags, family: "publish", io } as const;
  const status = await fetchAnswer(api, { method: "GET", path: "/publish/status" }, StatusAnswer);
  const certificates = await unlessForbidden(
    fetchAnswer(api, { method: "GET", path: "/publish/certificates" }, CertificatesAnswer),
  );
  if (flags.format === "json") {
    io.out(stringifyJson(sortKeys({ ...status, certificates } as Json), 2));
    return 0;
  }
  const line = (name: string, value: string | null) => io.out(`${name.padEnd(12)}${value ?? "-"}`);
  line("status", status.status);
  line("domain", status.domain);
  if (certificates !== null) line("email", status.email);
  line("public_ip", status.public_ip);
  for (const { task, status: state, message } of status.provision.tasks) {
    if (state !== "pending") line("task", `${task} ${state}${message ? `: ${message}` : ""}`);
  }
  if (certificates === null || certificates.length === 0) return 0;
  io.out("");
  io.out(formatTable(
    COLUMNS,
    certificates.map(({ host, status: state, source, not_after: end, last_error: error }) => [
      host,
      state,
      source ?? "-",
      end ?? "-",
      error ?? "-",
    ]),
  ));
  return 0;
}

/** Certificates are shown to superadmins; users have the stage alone. */
async function unlessForbidden<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof CommandError && error.exit === FORBIDDEN_EXIT) return null;
    throw error;
  }
}
