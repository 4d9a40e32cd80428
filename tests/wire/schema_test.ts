/**
 * The generated code and the schema say the same. The schema is read by protobufjs, which shares
 * no code with the generator.
 */

import assert from "node:assert/strict";
import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { FieldDescriptorProto_Type } from "@bufbuild/protobuf/wkt";
import protobufjs from "protobufjs";
import { file_portunus_v1_portunus as generated } from "../../src/wire/gen/portunus/v1/portunus_pb.ts";
import { readSchema } from "./proto.ts";

/** A field in words, such as `13 optional string owner_id` or `1 Hello hello in payload`. */
interface FieldFacts {
  readonly number: number;
  readonly label: "" | "optional" | "repeated";
  readonly type: string;
  readonly name: string;
  readonly oneof: string | null;
}

const words = ({ number, label, type, name, oneof }: FieldFacts): string =>
  [number, label, type, name, oneof === null ? "" : `in ${oneof}`].filter((it) => it !== "").join(
    " ",
  );

function generatedField(field: DescField): string {
  const { message, enum: enumeration, proto } = field;
  const scalar = FieldDescriptorProto_Type[proto.type]?.toLowerCase() ?? "?";
  return words({
    number: field.number,
    label: field.fieldKind === "list" ? "repeated" : proto.proto3Optional ? "optional" : "",
    type: message?.name ?? enumeration?.name ?? scalar,
    name: field.name,
    oneof: field.oneof?.name ?? null,
  });
}

function schemaField(field: protobufjs.Field): string {
  const optional = field.options?.proto3_optional === true;
  return words({
    number: field.id,
    label: field.repeated ? "repeated" : optional ? "optional" : "",
    type: field.type,
    name: field.name,
    oneof: optional ? null : field.partOf?.name ?? null,
  });
}

const byNumber = (fields: string[]): string[] =>
  fields.toSorted((a, b) => Number.parseInt(a) - Number.parseInt(b));

function generatedReserved({ proto }: DescMessage): string[] {
  const ranges = proto.reservedRange.map(({ start, end }) => `${start}-${end - 1}`);
  return [...ranges, ...proto.reservedName].sort();
}

function schemaReserved(type: protobufjs.Type): string[] {
  return (type.reserved ?? [])
    .map((entry) => typeof entry === "string" ? entry : entry.join("-")).sort();
}

const schema = await readSchema();

Deno.test("the generated messages are the schema's", () => {
  const types = schema.nestedArray.filter((it) => it instanceof protobufjs.Type);
  assert.equal(types.length, 22);
  assert.deepEqual(
    Object.fromEntries(
      generated.messages.map((it) => [it.name, byNumber(it.fields.map(generatedField))]),
    ),
    Object.fromEntries(types.map((it) => [it.name, byNumber(it.fieldsArray.map(schemaField))])),
  );
  assert.deepEqual(
    Object.fromEntries(generated.messages.map((it) => [it.name, generatedReserved(it)])),
    Object.fromEntries(types.map((it) => [it.name, schemaReserved(it)])),
  );
});

Deno.test("the generated enums are the schema's", () => {
  const enums = schema.nestedArray.filter((it) => it instanceof protobufjs.Enum);
  assert.equal(enums.length, 7);
  assert.deepEqual(
    Object.fromEntries(
      generated.enums.map((
        it,
      ) => [it.name, Object.fromEntries(it.values.map((v) => [v.name, v.number]))]),
    ),
    Object.fromEntries(enums.map((it) => [it.name, { ...it.values }])),
  );
});

Deno.test("the generated services are the schema's", () => {
  const services = schema.nestedArray.filter((it) => it instanceof protobufjs.Service);
  assert.deepEqual(
    generated.services.flatMap((service) =>
      service.methods.map(({ name, methodKind, input, output }) =>
        `/${service.typeName}/${name} ${methodKind} ${input.name} ${output.name}`
      )
    ),
    services.flatMap((service) =>
      service.methodsArray.map((it) => {
        const kind = it.requestStream && it.responseStream ? "bidi_streaming" : "unary";
        return `/portunus.v1.${service.name}/${it.name} ${kind} ${it.requestType} ${it.responseType}`;
      })
    ),
  );
});
