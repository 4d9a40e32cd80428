/** Bytes on the wire are another implementation's, for random messages of every type. */

import assert from "node:assert/strict";
import {
  type DescField,
  type DescMessage,
  fromBinary,
  fromJson,
  type JsonObject,
  ScalarType,
  toBinary,
} from "@bufbuild/protobuf";
import fc from "fast-check";
import protobufjs from "protobufjs";
import { file_portunus_v1_portunus as generated } from "../../src/wire/gen/portunus/v1/portunus_pb.ts";
import { readSchema } from "./proto.ts";

const schema = await readSchema();

/** Any value of a field, as JSON with 64-bit integers as decimal text. */
function valueOf(field: DescField): fc.Arbitrary<unknown> {
  const single = field.message !== undefined
    ? messageOf(field.message)
    : field.enum !== undefined
    ? fc.constantFrom(...field.enum.values.map(({ number }) => number))
    : scalarOf(field.scalar);
  return field.fieldKind === "list" ? fc.array(single, { maxLength: 3 }) : single;
}

function scalarOf(type: ScalarType | undefined): fc.Arbitrary<unknown> {
  switch (type) {
    case ScalarType.BOOL:
      return fc.boolean();
    case ScalarType.STRING:
      return fc.string({ unit: "grapheme", maxLength: 12 });
    case ScalarType.UINT32:
      return fc.constantFrom(0, 1, 127, 128, 65_535, 2 ** 31, 2 ** 32 - 1);
    case ScalarType.UINT64:
      return fc.constantFrom(0n, 1n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n).map(String);
    case ScalarType.INT64:
      return fc.constantFrom(0n, -1n, -(2n ** 63n), 2n ** 63n - 1n).map(String);
    default:
      throw new TypeError(`The schema has no field of type ${type}`);
  }
}

/** Any message of a type, each field present or not, of a oneof at most one. */
function messageOf(type: DescMessage): fc.Arbitrary<JsonObject> {
  const { oneof, free } = Object.groupBy(
    type.fields,
    (field) => field.oneof === undefined ? "free" : "oneof",
  );
  const record = (fields: readonly DescField[]) =>
    fc.record(
      Object.fromEntries(fields.map((field) => [field.name, valueOf(field)])),
      { requiredKeys: [], noNullPrototype: true },
    );
  const plain = record(free ?? []);
  const anyOf = oneof === undefined
    ? plain
    : fc.oneof(plain, ...oneof.map((field) => record([...free ?? [], field])));
  return anyOf as fc.Arbitrary<JsonObject>;
}

for (const type of generated.messages) {
  const other = schema.lookupType(type.name);

  // fast-check prints the seed of a failure.
  Deno.test(`${type.name} has the bytes that protobufjs writes, and reads them`, () => {
    fc.assert(
      fc.property(messageOf(type), (json) => {
        const message = fromJson(type, json);
        const ours = toBinary(type, message);
        const theirs = other.encode(other.fromObject(json)).finish();
        assert.equal(ours.toHex(), theirs.toHex());
        assert.deepEqual(fromBinary(type, theirs, { readUnknownFields: false }), message);
        assert.equal(other.encode(other.decode(ours)).finish().toHex(), theirs.toHex());
      }),
      { numRuns: 200 },
    );
  });
}

/** A field number that no message has. */
const UNKNOWN_FIELD = 2_000;

for (const type of generated.messages) {
  const other = schema.lookupType(type.name);

  Deno.test(`${type.name} with a field of a newer version reads as without it`, () => {
    const varint = fc.nat(2 ** 31 - 1).map((value) => {
      return protobufjs.Writer.create().uint32(UNKNOWN_FIELD << 3).uint32(value).finish();
    });
    const text = fc.string().map((value) => {
      return protobufjs.Writer.create().uint32(UNKNOWN_FIELD << 3 | 2).string(value).finish();
    });
    fc.assert(
      fc.property(messageOf(type), fc.oneof(varint, text), fc.boolean(), (json, more, isFirst) => {
        const known = other.encode(other.fromObject(json)).finish();
        const parts = isFirst ? [more, known] : [known, more];
        const bytes = new Uint8Array(parts.flatMap((part) => [...part]));
        const message = fromBinary(type, bytes, { readUnknownFields: false });
        assert.deepEqual(message, fromJson(type, json));
        assert.equal(toBinary(type, message).toHex(), new Uint8Array(known).toHex());
      }),
      { numRuns: 50 },
    );
  });
}
