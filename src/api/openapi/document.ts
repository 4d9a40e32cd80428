/**
 * The OpenAPI 3.1 document, made of what the operations declare.
 *
 * @module
 */

import { z } from "zod";
import {
  createDocument,
  type ZodOpenApiOperationObject,
  type ZodOpenApiPathsObject,
  type ZodOpenApiResponseObject,
  type ZodOpenApiResponsesObject,
} from "zod-openapi";
import { type ErrorCode, httpStatus } from "../../core/errors.ts";
import { VERSION } from "../../core/version.ts";
import type { OperationDoc, Success } from "../operation.ts";
import type { RegisteredOperation } from "../route.ts";
import { PATH_PARAMETERS } from "./parameters.ts";
import { TAG_OBJECTS, tagOf } from "./tags.ts";

const ErrorView = z.object({
  error: z.object({
    code: z.string().meta({ description: "Stable; what programs look at." }),
    message: z.string().meta({ description: "For people." }),
  }),
}).meta({
  id: "Error",
  example: { error: { code: "rule_not_found", message: "rule_not_found" } },
});

/** What authentication refuses with. */
const GUARD_ERRORS: readonly ErrorCode[] = [
  "bootstrap_required",
  "unauthenticated",
  "credential_invalid",
  "user_disabled",
  "csrf_origin_required",
  "csrf_origin_mismatch",
  "csrf_header_required",
  "csrf_content_type_required",
  "password_change_required",
  "store_error",
];

/** What a shared database of accounts makes of requests that need it. */
const IDENTITY_ERRORS: readonly ErrorCode[] = [
  "identity_backend_unavailable",
  "identity_backend_timeout",
];

/** What a body can be refused with before anybody looks at what it says; answered as text. */
const DECODE_STATUSES = {
  400: "The body is not JSON.",
  408: "The body did not arrive in time.",
  413: "The body is larger than 2 MiB.",
  415: "The body's media type is not `application/json`.",
  422: "The JSON has another shape.",
} as const;

const DESCRIPTION = `The operator API of portunus-server.

Authenticate with \`Authorization: Bearer <token>\`, or with the session cookie of the Web UI;
requests with the cookie that change something also need \`X-Portunus-CSRF: 1\` and an \`Origin\`
that is ours. Errors are JSON with a stable \`code\`, except for requests that could not be decoded,
which are answered as text. Integers are exact: byte counters may exceed 2^53.`;

/** Every code that `operation` may answer with. */
export function errorCodesOf(
  { operation: { doc }, path, guarded }: RegisteredOperation,
): ErrorCode[] {
  const needsAccounts = guarded || path.startsWith("/v1/auth/");
  return [
    ...new Set([
      ...(guarded ? GUARD_ERRORS : []),
      ...(needsAccounts ? IDENTITY_ERRORS : []),
      ...(doc.caller === "superadmin" ? ["role_required" as const] : []),
      ...(doc.caller === "self" ? ["not_owner" as const] : []),
      ...doc.errors,
      doc.storeFailure ?? "store_error" as const,
      "internal" as const,
    ]),
  ];
}

/** The path in OpenAPI's notation: `/v1/rules/{rule_id}`. */
export function templateOf(path: string): string {
  return path.replaceAll(/:(\w+)/g, "{$1}");
}

/** Documents `operations`. */
export function openApiDocument(operations: readonly RegisteredOperation[]) {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const registered of operations) {
    const item = paths[templateOf(registered.path)] ??= {};
    item[registered.method.toLowerCase()] = operationObject(registered);
  }
  return createDocument({
    openapi: "3.1.1",
    info: {
      title: "Portunus operator API",
      version: VERSION,
      description: DESCRIPTION,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    tags: TAG_OBJECTS,
    paths: paths as ZodOpenApiPathsObject,
    components: {
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer" },
        session: { type: "apiKey", in: "cookie", name: "portunus_session" },
      },
    },
  });
}

function operationObject(registered: RegisteredOperation): ZodOpenApiOperationObject {
  const { method, path, operation: { doc }, guarded } = registered;
  const parameters = [...path.matchAll(/:(\w+)/g)].map(([, name = ""]) => name);
  return {
    operationId: `${method.toLowerCase()}_${path.replaceAll(/[^a-z0-9]+/g, "_").slice(1)}`,
    tags: [tagOf(path)],
    summary: doc.summary,
    ...(doc.description !== undefined && { description: doc.description }),
    security: securityOf(doc, guarded),
    requestParams: {
      ...(parameters.length > 0 && { path: z.object(pathSchemas(parameters)) }),
      ...(doc.query && { query: doc.query }),
    },
    ...(doc.body && {
      requestBody: {
        required: !doc.bodyIsOptional,
        content: { "application/json": { schema: doc.body, example: doc.bodyExample } },
      },
    }),
    ...(doc.upload && {
      requestBody: {
        required: true,
        description: doc.upload.description,
        content: { [doc.upload.mediaType]: { schema: z.string().meta({ format: "binary" }) } },
      },
    }),
    responses: { ...successResponse(doc.success), ...errorResponses(registered) },
  };
}

function pathSchemas(names: readonly string[]): Record<string, z.ZodType> {
  return Object.fromEntries(names.map((name) => {
    const schema = PATH_PARAMETERS[name];
    if (schema === undefined) throw new TypeError(`Cannot document the path parameter ${name}`);
    return [name, schema];
  }));
}

function securityOf(doc: OperationDoc, guarded: boolean) {
  if (guarded) return [{ bearer: [] }, { session: [] }];
  return doc.caller === "session" ? [{ session: [] }] : [];
}

function successResponse(success: Success<z.ZodType>): ZodOpenApiResponsesObject {
  const { status, description } = success;
  if (status === 204) return { 204: { description } };
  const [mediaType, schema] = "view" in success
    ? ["application/json", success.view] as const
    : [success.mediaType, z.string()] as const;
  return {
    [`${status}`]: {
      description,
      content: { [mediaType]: { schema, example: success.example } },
    },
  };
}

/** One response per status: the codes it stands for, and the text of what cannot be decoded. */
function errorResponses(registered: RegisteredOperation): ZodOpenApiResponsesObject {
  const { doc } = registered.operation;
  const codes = Map.groupBy(errorCodesOf(registered), httpStatus);
  const texts = new Map<number, string>();
  if (doc.body) {
    for (const [status, text] of Object.entries(DECODE_STATUSES)) texts.set(Number(status), text);
  } else if (doc.query || registered.path.includes(":rule_id")) {
    texts.set(400, "The query or the path cannot be read.");
  }
  if (doc.upload) texts.set(408, DECODE_STATUSES[408]);
  const statuses = [...new Set([...codes.keys(), ...texts.keys()])].sort();
  return Object.fromEntries(
    statuses.map((status) => [`${status}`, errorResponse(codes.get(status), texts.get(status))]),
  );
}

function errorResponse(
  codes: readonly ErrorCode[] | undefined,
  text: string | undefined,
): ZodOpenApiResponseObject {
  const listed = codes?.map((code) => `\`${code}\``).join(", ");
  return {
    description: [listed, text].filter((part) => part !== undefined).join(". "),
    content: {
      ...(codes && { "application/json": { schema: ErrorView } }),
      ...(text !== undefined && { "text/plain": { schema: z.string() } }),
    },
  };
}
