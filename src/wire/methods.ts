/**
 * The two gRPC methods, with protobuf-es as their codec.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { type DescMessage, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import {
  type ClientMessage,
  ClientMessageSchema,
  type CredentialBundle,
  CredentialBundleSchema,
  type EnrollClientRequest,
  EnrollClientRequestSchema,
  type ServerMessage,
  ServerMessageSchema,
} from "./gen/portunus/v1/portunus_pb.ts";

// By default grpc-js prints metadata it cannot read to stderr: values that may be secret, in lines
// that are no JSON.
grpc.setLogVerbosity(grpc.logVerbosity.NONE);

interface Codec<Message> {
  serialize(message: Message): Buffer;
  deserialize(bytes: Uint8Array): Message;
}

function codec<Schema extends DescMessage>(schema: Schema): Codec<MessageShape<Schema>> {
  return {
    serialize(message) {
      const bytes = toBinary(schema, message);
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    },
    deserialize: (bytes) => fromBinary(schema, bytes, { readUnknownFields: false }),
  };
}

function method<Request, Response>(options: {
  readonly path: string;
  readonly stream: boolean;
  readonly request: Codec<Request>;
  readonly response: Codec<Response>;
}): grpc.MethodDefinition<Request, Response> {
  const { path, stream, request, response } = options;
  return {
    path,
    requestStream: stream,
    responseStream: stream,
    requestSerialize: request.serialize,
    requestDeserialize: request.deserialize,
    responseSerialize: response.serialize,
    responseDeserialize: response.deserialize,
  };
}

/** The control session: messages both ways. */
export const CHANNEL: grpc.MethodDefinition<ClientMessage, ServerMessage> = method({
  path: "/portunus.v1.Control/Channel",
  stream: true,
  request: codec(ClientMessageSchema),
  response: codec(ServerMessageSchema),
});

/** A one-time code for a credential bundle. */
export const ENROLL: grpc.MethodDefinition<EnrollClientRequest, CredentialBundle> = method({
  path: "/portunus.v1.ClientEnrollment/Enroll",
  stream: false,
  request: codec(EnrollClientRequestSchema),
  response: codec(CredentialBundleSchema),
});
