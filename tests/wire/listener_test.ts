import assert from "node:assert/strict";
import { create } from "@bufbuild/protobuf";
import { fingerprint } from "../../src/wire/certificate.ts";
import { startControlServer } from "../../src/wire/control_server.ts";
import { CredentialBundleSchema } from "../../src/wire/gen/portunus/v1/portunus_pb.ts";
import { captured, certificate, hello, open, readAll, startServer, wireError } from "./harness.ts";

for (
  const [host, dial, peer] of [
    ["127.0.0.1", "127.0.0.1", /^127\.0\.0\.1:\d+$/],
    ["::1", "::1", /^\[::1\]:\d+$/],
    ["::", "127.0.0.1", /^127\.0\.0\.1:\d+$/],
    ["::", "::1", /^\[::1\]:\d+$/],
    ["0.0.0.0", "localhost", /^127\.0\.0\.1:\d+$/],
  ] as const
) {
  Deno.test(`a server on ${host} sees who dials ${dial}`, async () => {
    const session = captured();
    await using server = startServer({ ...session, host, dial });
    assert.equal(server.server.address.host, host);
    const stream = await open(server);
    assert.match((await session.stream).peer, peer);
    session.finish();
    assert.deepEqual(await readAll(stream), []);
  });
}

Deno.test("startControlServer() throws when the address is taken", async () => {
  await using server = startServer();
  const { certPem, keyPem } = await certificate();
  assert.throws(
    () =>
      startControlServer({
        listen: { host: "127.0.0.1", port: server.port },
        tls: { certPem, keyPem },
        handlers: {
          authenticate: (token) => token,
          session: () => Promise.resolve(),
          enroll: () => Promise.resolve(create(CredentialBundleSchema)),
        },
        onAuthFailure: () => {},
        logger: { ...console, log() {}, child: () => assert.fail(), enabled: () => true },
      }),
    /address already in use|EADDRINUSE/i,
  );
});

Deno.test("useCertificate() shows new connections the new certificate, and keeps the old ones", async () => {
  const replacement = await certificate();
  await using server = startServer();
  const before = await open(server);
  server.server.useCertificate(replacement);
  await assert.rejects(open(server), wireError("tls", /fingerprint does not match/));
  const after = await open({ endpoint: server.endpoint, pin: fingerprint(replacement.certPem) });
  for (const stream of [before, after]) {
    await stream.send(hello());
    stream.close();
    assert.deepEqual(await readAll(stream), ["3.2.0"]);
  }
});
