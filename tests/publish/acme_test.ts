/** The protocol with a real certificate authority: Pebble, which asks for challenges over HTTP. */

import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { AcmeAuthority } from "../../src/publish/certificates/acme/authority.ts";
import { AccountKey } from "../../src/publish/certificates/acme/account_key.ts";
import { Challenges } from "../../src/publish/certificates/acme/challenges.ts";
import { AcmeClient } from "../../src/publish/certificates/acme/client.ts";
import { issue } from "../../src/publish/certificates/acme/issue.ts";
import { AcmeProblem } from "../../src/publish/certificates/acme/problem.ts";
import { httpsTransport } from "../../src/publish/certificates/acme/transport.ts";
import { systemClock } from "../../src/system/clock.ts";
import { AcmeServer } from "../kit/acme_server.ts";
import { serveChallenges } from "../kit/challenge_listener.ts";
import { FakeDns } from "../kit/fake_dns.ts";
import { freePort } from "../kit/ports.ts";

const HOST = "app.example.test";
const signal = new AbortController().signal;

/** A certificate authority that refuses some nonces, and a host for which it can ask. */
async function startAuthority() {
  await using stack = new AsyncDisposableStack();
  const dns = stack.use(new FakeDns({ port: freePort() }));
  dns.set(HOST, { a: ["127.0.0.1"] });
  const httpPort = freePort();
  const challenges = new Challenges();
  stack.use(serveChallenges({ port: httpPort, challenges }));
  const ca = stack.use(
    await AcmeServer.start({ nameServer: dns.address, httpPort, nonceReject: 20 }),
  );
  const caPem = await Deno.readTextFile(ca.caPath);
  const transport = stack.use(httpsTransport({ caPem, clock: systemClock }));
  const newClient = (key: AccountKey) =>
    new AcmeClient({ directory: ca.directory, key, transport, now: systemClock.now });
  const running = stack.move();
  return {
    ca,
    challenges,
    newClient,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

Deno.test("certificates are issued by an authority that asks for challenges", async (t) => {
  await using authority = await startAuthority();
  const { ca, challenges, newClient } = authority;
  const keyPem = await AccountKey.generatePem();
  const key = await AccountKey.fromPem(keyPem);
  const client = newClient(key);
  const account = await client.register("someone@example.test", signal);
  const options = { client, key, challenges, clock: systemClock };

  await t.step("issue() gets a chain that leads to the authority's root", async () => {
    const pair = await issue(HOST, options, signal);
    const leaf = new X509Certificate(pair.certPem);
    assert.equal(leaf.subjectAltName, `DNS:${HOST}`);
    assert.match(pair.keyPem, /^-----BEGIN PRIVATE KEY-----\n/);
    using listener = Deno.listenTls({
      hostname: "127.0.0.1",
      port: 0,
      cert: pair.certPem,
      key: pair.keyPem,
    });
    const accepted = listener.accept();
    const tcp = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
    using conn = await Deno.startTls(tcp, { hostname: HOST, caCerts: [await ca.rootPem()] });
    using peer = await accepted;
    await Promise.all([conn.handshake(), peer.handshake()]);
  });

  await t.step("issue() leaves no answer behind", () => {
    assert.equal(challenges.size, 0);
  });

  await t.step("register() finds the account of a key that has one", async () => {
    const again = newClient(await AccountKey.fromPem(keyPem));
    assert.equal(await again.register("someone@example.test", signal), account);
    assert.equal(await again.register("another@example.test", signal), account);
  });

  await t.step("issue() says why when nobody answers the challenge", async () => {
    const mute = { ...options, challenges: new Challenges() };
    await assert.rejects(issue(HOST, mute, signal), (error: unknown) => {
      assert.ok(error instanceof AcmeProblem);
      assert.equal(error.type, "unauthorized");
      assert.match(error.message, /404/);
      return true;
    });
  });

  await t.step("issue() says what the authority says of a host that is not there", async () => {
    await assert.rejects(
      issue("nowhere.example.test", options, signal),
      (error: unknown) => error instanceof AcmeProblem && /nowhere/.test(error.message),
    );
  });

  await t.step("issue() ends with its signal", async () => {
    const reason = new Error("enough");
    await assert.rejects(issue(HOST, options, AbortSignal.abort(reason)), reason);
  });

  await t.step(
    "the account is one for ever, whoever starts the server",
    () => keepsItsAccount({ ca, challenges }),
  );

  await t.step("directory() fails when the authority is gone", async () => {
    await ca.stop();
    await assert.rejects(newClient(key).directory(signal), TypeError);
  });
});

async function keepsItsAccount(
  { ca, challenges }: { readonly ca: AcmeServer; readonly challenges: Challenges },
): Promise<void> {
  const certsDir = await Deno.makeTempDir({ prefix: "portunus-certs-" });
  const start = (email: string) =>
    new AcmeAuthority({
      directory: ca.directory,
      caPath: ca.caPath,
      certsDir,
      email: () => email,
      challenges,
      clock: systemClock,
    });
  try {
    using first = start("someone@example.test");
    const { url, termsOfService } = await first.account(signal);
    assert.match(termsOfService ?? "", /^data:/);
    const path = `${certsDir}/acme/account.key`;
    const keyPem = await Deno.readTextFile(path);
    assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
    using second = start("another@example.test");
    assert.equal((await second.account(signal)).url, url);
    assert.match((await second.issue(HOST, signal)).certPem, /^-----BEGIN CERTIFICATE-----/);
    assert.equal(await Deno.readTextFile(path), keyPem);

    await Deno.writeTextFile(path, "what is left of a key");
    using third = start("someone@example.test");
    await assert.rejects(third.account(signal), /no account key that can be read/);
    assert.equal(await Deno.readTextFile(path), "what is left of a key");
  } finally {
    await Deno.remove(certsDir, { recursive: true });
  }
}
