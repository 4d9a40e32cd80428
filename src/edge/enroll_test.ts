import assert from "node:assert/strict";
import { create } from "@bufbuild/protobuf";
import { startServer, type TestServer } from "../../tests/wire/harness.ts";
import { parseBundle } from "../core/bundle.ts";
import { PortunusError } from "../core/errors.ts";
import {
  type CredentialBundle,
  CredentialBundleSchema,
} from "../wire/gen/portunus/v1/portunus_pb.ts";
import { PIN_MISMATCH } from "../wire/streams.ts";
import { enroll, EnrollError } from "./enroll.ts";

const GOOD = {
  version: 1,
  clientName: "edge-01",
  serverEndpoint: "server.example:7443",
  serverCertSha256: "ab".repeat(32),
  token: "t".repeat(43),
  clientId: "01JABCDEFGHJKMNPQRSTVWXYZ0",
};

const uriOf = ({ endpoint, pin }: Pick<TestServer, "endpoint" | "pin">, code = "sesame") =>
  `portunus://${endpoint}/enroll?pin=sha256:${pin}&code=${code}`;

/** A server that answers every code with this bundle. */
const issuing = (bundle: Partial<CredentialBundle> = {}) =>
  startServer({
    enroll: () => Promise.resolve(create(CredentialBundleSchema, { ...GOOD, ...bundle })),
  });

async function withDirectory(test: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "portunus-enroll-" });
  try {
    await test(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

const fails = (message: string | RegExp) => (error: unknown) => {
  assert.ok(error instanceof EnrollError, `${error}`);
  if (typeof message === "string") assert.equal(error.message, message);
  else assert.match(error.message, message);
  assert.ok(!error.message.includes("sesame"));
  return true;
};

Deno.test("enroll() writes the bundle it is given, for its owner only, making directories", async () => {
  await using server = await issuing();
  await withDirectory(async (dir) => {
    const path = `${dir}/a/b/client.bundle.json`;
    const bundle = await enroll(uriOf(server), path);
    assert.equal(bundle.clientName, "edge-01");
    assert.deepEqual(parseBundle(await Deno.readTextFile(path)), bundle);
    assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
  });
});

Deno.test("enroll() takes a bundle without a client id from an older server", async () => {
  await using server = await issuing({ clientId: "" });
  await withDirectory(async (dir) => {
    assert.equal((await enroll(uriOf(server), `${dir}/b`)).clientId, null);
  });
});

Deno.test("enroll() says what the server refused, and leaves an older bundle alone", async () => {
  await using server = await startServer({
    enroll: () => Promise.reject(new PortunusError("enrollment_expired")),
  });
  await withDirectory(async (dir) => {
    const path = `${dir}/b`;
    await Deno.writeTextFile(path, "old");
    await assert.rejects(enroll(uriOf(server), path), fails("rpc: enrollment_expired"));
    assert.equal(await Deno.readTextFile(path), "old");
  });
});

Deno.test("enroll() names the part of the material that is no good", async () => {
  const cases = [
    [{ clientName: " " }, /^client name: /],
    [{ version: 2 }, /^enrollment material: /],
    [{ serverCertSha256: "xx" }, /^enrollment material: /],
    [{ clientId: "x" }, /^enrollment material: /],
  ] as const;
  for (const [bundle, message] of cases) {
    await using server = await issuing(bundle);
    await assert.rejects(enroll(uriOf(server), "/nowhere/b"), fails(message));
  }
});

Deno.test("enroll() says when the bundle cannot be written", async () => {
  await using server = await issuing();
  await withDirectory(async (dir) => {
    await Deno.writeTextFile(`${dir}/file`, "");
    await assert.rejects(
      enroll(uriOf(server), `${dir}/file/b`),
      fails(/^write credential bundle: /),
    );
  });
});

Deno.test("enroll() shows the code to nobody but the pinned server", async () => {
  let asked = 0;
  await using server = await startServer({
    enroll: () => {
      asked += 1;
      return Promise.resolve(create(CredentialBundleSchema, GOOD));
    },
  });
  const { endpoint } = server;
  await assert.rejects(
    enroll(uriOf({ endpoint, pin: "00".repeat(32) }), "/nowhere/b"),
    fails(new RegExp(`^transport: .*${PIN_MISMATCH}`)),
  );
  assert.equal(asked, 0);
});
