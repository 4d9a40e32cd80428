/**
 * TypeScript of an OpenAPI document: one interface per component, and one entry per operation.
 *
 * @module
 */

/** As much of JSON Schema as the document uses. */
interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
}

interface Content {
  readonly content?: Readonly<Record<string, { readonly schema?: Schema }>>;
}

interface Operation {
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly schema?: Schema;
  }[];
  readonly requestBody?: Content & { readonly required?: boolean };
  readonly responses: Readonly<Record<string, Content>>;
}

/** The parts of an OpenAPI 3.1 document that become types. */
export interface OpenApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> };
}

const HEADER = `/**
 * The operator API as types, made of its OpenAPI document by \`deno task ui-types\`.
 *
 * @module
 */
`;

/** The text of a module, not formatted yet. */
export function uiTypes(document: OpenApiDocument): string {
  const components = Object.entries(document.components?.schemas ?? {}).map(([name, schema]) =>
    `export type ${name} = ${typeOf(schema)};`
  );
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) =>
      `"${method.toUpperCase()} ${path}": ${operationType(operation)};`
    )
  );
  return [
    HEADER,
    ...components,
    "/** Every operation: what it takes and what it answers with. */",
    `export interface Operations {\n${operations.join("\n")}\n}\n`,
  ].join("\n");
}

function operationType({ parameters = [], requestBody, responses }: Operation): string {
  const success = Object.entries(responses).find(([status]) => status.startsWith("2"))?.[1];
  const body = requestBody === undefined ? "undefined" : jsonType(requestBody);
  const optional = requestBody?.required === false ? " | undefined" : "";
  return `{ path: ${parametersType(parameters, "path")}; query: ${
    parametersType(parameters, "query")
  }; body: ${body}${optional}; answer: ${
    success === undefined ? "undefined" : jsonType(success)
  } }`;
}

function parametersType(parameters: NonNullable<Operation["parameters"]>, place: string): string {
  const members = parameters.filter((it) => it.in === place).map(({ name, required, schema }) => {
    const type = place === "path" ? "string | number" : typeOf(schema ?? {});
    return `${keyOf(name)}${required ? "" : "?"}: ${type}`;
  });
  return members.length === 0 ? "undefined" : `{ ${members.join("; ")} }`;
}

function jsonType({ content }: Content): string {
  if (content === undefined) return "undefined";
  const schema = content["application/json"]?.schema;
  return schema === undefined ? "string" : typeOf(schema);
}

function typeOf(schema: Schema): string {
  if (schema.$ref !== undefined) return schema.$ref.slice(schema.$ref.lastIndexOf("/") + 1);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((it) => JSON.stringify(it)).join(" | ");
  const union = schema.anyOf ?? schema.oneOf;
  if (union) return union.map((it) => `(${typeOf(it)})`).join(" | ");
  if (schema.allOf) return schema.allOf.map((it) => `(${typeOf(it)})`).join(" & ");
  const types = typeof schema.type === "string" ? [schema.type] : schema.type ?? [];
  return types.length === 0 ? "unknown" : types.map((it) => plainType(it, schema)).join(" | ");
}

function plainType(type: string, schema: Schema): string {
  switch (type) {
    case "integer":
    case "number":
      return "number";
    case "string":
    case "boolean":
    case "null":
      return type;
    case "array":
      return `readonly (${typeOf(schema.items ?? {})})[]`;
    case "object":
      return objectType(schema);
    default:
      throw new TypeError(`Cannot make a type of the JSON type ${type}`);
  }
}

function objectType({ properties, required = [], additionalProperties }: Schema): string {
  if (properties === undefined) {
    const value = typeof additionalProperties === "object"
      ? typeOf(additionalProperties)
      : "unknown";
    return `Readonly<Record<string, ${value}>>`;
  }
  const members = Object.entries(properties).map(([name, schema]) =>
    `readonly ${keyOf(name)}${required.includes(name) ? "" : "?"}: ${typeOf(schema)}`
  );
  return `{ ${members.join("; ")} }`;
}

function keyOf(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name);
}
