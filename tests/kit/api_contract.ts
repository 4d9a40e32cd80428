/**
 * Answers of the API, held against what the operations declare.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type Json, parseJson } from "../../src/core/json.ts";
import { errorCodesOf } from "../../src/api/openapi/document.ts";
import type { RegisteredOperation } from "../../src/api/route.ts";

/** An answer as far as the contract is concerned. */
export interface ContractAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** The operation that answers `method path`; routes that were registered first win. */
export function findOperation(
  operations: readonly RegisteredOperation[],
  method: string,
  path: string,
): RegisteredOperation | undefined {
  const parts = path.replace(/\?.*$/s, "").split("/");
  const fits = operations.filter((it) => {
    const pattern = it.path.split("/");
    return pattern.length === parts.length &&
      pattern.every((part, i) => part.startsWith(":") ? parts[i] !== "" : part === parts[i]);
  });
  const first = fits[0]?.path;
  return fits.find((it) => it.path === first && it.method === method);
}

/** Fails unless the operation says that it answers like that. */
export function assertDeclared(registered: RegisteredOperation, answer: ContractAnswer): void {
  const { method, path, operation: { doc } } = registered;
  const where = `${method} ${path} answered ${answer.status} ${answer.text}`;
  const mediaType = answer.headers.get("content-type")?.replace(/;.*$/s, "") ?? null;
  if (answer.status === doc.success.status) return assertSuccess(registered, answer, where);
  if (mediaType === "text/plain") {
    assert.ok([400, 408, 413, 415, 422].includes(answer.status), where);
    assert.ok(doc.body || doc.query || path.includes(":rule_id"), where);
    return;
  }
  if (path === "/readyz" && answer.status === 503) return;
  const { error } = parseJson(answer.text) as { readonly error: { readonly code: string } };
  assert.ok(
    errorCodesOf(registered).some((code) => code === error.code),
    `${where}, which is not among its errors`,
  );
}

function assertSuccess(
  { operation: { doc: { success } } }: RegisteredOperation,
  { headers, text }: ContractAnswer,
  where: string,
): void {
  if (success.status === 204) return assert.equal(text, "", where);
  if ("mediaType" in success) {
    const contentType = headers.get("content-type") ?? "";
    return assert.ok(contentType.startsWith(success.mediaType), `${where}: ${contentType}`);
  }
  assert.equal(headers.get("content-type"), "application/json", where);
  const json = parseJson(text);
  const result = success.view.safeParse(json);
  assert.ok(result.success, `${where}: ${result.error}`);
  assert.deepEqual(sorted(result.data as Json), sorted(json), `${where}: undeclared keys`);
}

/** Key order says nothing. */
function sorted(json: Json): Json {
  if (Array.isArray(json)) return json.map(sorted);
  if (json === null || typeof json !== "object") return json;
  const entries = Object.entries(json as { readonly [key: string]: Json });
  return Object.fromEntries(
    entries.sort(([a], [b]) => a < b ? -1 : 1).map(([k, v]) => [k, sorted(v)]),
  );
}
