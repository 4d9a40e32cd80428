/**
 * What the Web ingress reads of clients and upstreams: whatever it takes, it writes in a form that
 * reads back as the same message.
 *
 * @module
 */

import assert from "node:assert/strict";
import {
  type Origin,
  requestHeadText,
  responseHeadText,
} from "../../src/publish/ingress/forwarded_head.ts";
import { BadMessage } from "../../src/publish/ingress/http1/bad_message.ts";
import { parseRequestHead } from "../../src/publish/ingress/http1/request_head.ts";
import { parseResponseHead } from "../../src/publish/ingress/http1/response_head.ts";
import { orRefused } from "./target.ts";

const ORIGIN: Origin = {
  address: "192.0.2.1",
  scheme: "https",
  user: { name: "ada", groups: ["users"] },
};

/** The lines of a head, each with its CRLF, a character for each byte; `null` where it has no end. */
function headIn(input: Uint8Array): string | null {
  const text = Array.from(input, (byte) => String.fromCharCode(byte)).join("");
  const end = text.indexOf("\r\n\r\n");
  return end < 0 ? null : text.slice(0, end + 2);
}

const withoutEmptyLine = (head: string): string => {
  assert.ok(head.endsWith("\r\n\r\n"));
  const lines = head.slice(0, -2);
  assert.ok(!lines.includes("\r\n\r\n"), "one head and not two");
  return lines;
};

export function requestHead(input: Uint8Array): void {
  const lines = headIn(input);
  const head = lines === null ? null : orRefused(() => parseRequestHead(lines), BadMessage);
  if (head === null) return;
  const again = parseRequestHead(withoutEmptyLine(requestHeadText(head, ORIGIN)));
  const same = ["method", "target", "host", "authority", "framing", "isWebSocket"] as const;
  for (const member of same) assert.deepEqual(again[member], head[member]);
  assert.equal(again.minor, 1);
  const said = (key: string) => again.fields.filter((it) => it.key === key).map((it) => it.value);
  assert.deepEqual(said("remote-user"), ["ada"]);
  assert.deepEqual(said("x-forwarded-for"), ["192.0.2.1"]);
  assert.deepEqual(said("host"), [head.authority]);
  assert.ok(said("content-length").length + said("transfer-encoding").length <= 1);
}

export function responseHead(input: Uint8Array): void {
  const lines = headIn(input);
  const head = lines === null ? null : orRefused(() => parseResponseHead(lines, "GET"), BadMessage);
  if (head === null) return;
  const { framing } = head;
  const way = { framing, keepAlive: framing.kind !== "close" };
  const again = parseResponseHead(withoutEmptyLine(responseHeadText(head, way)), "GET");
  assert.equal(again.status, head.status);
  assert.equal(again.reason, head.reason);
  assert.deepEqual(again.framing, framing);
  assert.equal(again.keepAlive, way.keepAlive || head.status < 200);
}
