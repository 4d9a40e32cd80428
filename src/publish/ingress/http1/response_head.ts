/**
 * The head of an answer (RFC 9112 §4), read as strictly as a request: an upstream may be anybody's.
 *
 * @module
 */

import { INGRESS } from "../../../core/publish_limits.ts";
import { BadMessage } from "./bad_message.ts";
import { type Field, isFieldContent, readFields } from "./field_lines.ts";
import { type Framing, readControl } from "./framing.ts";

export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  readonly fields: readonly Field[];
  readonly framing: Framing;
  /** Members of `Connection`, in lower case. */
  readonly connection: readonly string[];
  /** Whether the connection can serve another request after this answer. */
  readonly keepAlive: boolean;
}

const NO_BODY: Framing = { kind: "none" };
const UNTIL_CLOSE: Framing = { kind: "close" };

/**
 * Reads the head of an answer to a request with `method`.
 *
 * @throws {BadMessage} for what is malformed or ambiguous
 */
export function parseResponseHead(lines: string, method: string): ResponseHead {
  const end = lines.indexOf("\r\n");
  const match = /^HTTP\/1\.([01]) ([1-5][0-9]{2})(?: (.*))?$/s.exec(
    lines.slice(0, Math.max(end, 0)),
  );
  if (match === null) throw new BadMessage(502, "malformed status line");
  const [, version, code, reason = ""] = match;
  if (!isFieldContent(reason)) throw new BadMessage(502, "malformed reason");
  const status = Number(code);
  const minor = Number(version);
  const fields = readFields(lines, end + 2, INGRESS.fieldsMax);
  const { framing, connection } = readControl(fields, minor);
  const effective = hasNoBody(status, method) ? NO_BODY : framing ?? UNTIL_CLOSE;
  return {
    status,
    reason,
    fields,
    framing: effective,
    connection,
    keepAlive: minor === 1 && !connection.includes("close") && effective.kind !== "close",
  };
}

/** Whatever its fields say (RFC 9112 §6.3): a `Content-Length` then tells of another answer. */
function hasNoBody(status: number, method: string): boolean {
  return method === "HEAD" || status < 200 || status === 204 || status === 304;
}
