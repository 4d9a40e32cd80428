/** The wire schema as protobufjs reads it. */

import protobufjs from "protobufjs";

/** The package `portunus.v1`, field names as they are written. */
export async function readSchema(): Promise<protobufjs.Namespace> {
  const path = new URL("../../proto/portunus/v1/portunus.proto", import.meta.url);
  const { root } = protobufjs.parse(await Deno.readTextFile(path), { keepCase: true });
  root.resolveAll();
  return root.lookup("portunus.v1", protobufjs.Namespace) as protobufjs.Namespace;
}
