import assert from "node:assert/strict";
import { makeCertificate } from "../../../tests/kit/certificates.ts";
import { FakeClock } from "../../../tests/kit/fake_clock.ts";
import { RecordingLogger } from "../../../tests/kit/recording_logger.ts";
import type { PemPair } from "./pair.ts";
import { CertificateStore } from "./store.ts";

const HOST = "app.example.test";
const VALID = { notBefore: Date.UTC(2026, 0, 1), notAfter: Date.UTC(2026, 3, 1) };

async function world() {
  const path = await Deno.makeTempDir({ prefix: "portunus-certs-" });
  const logger = new RecordingLogger();
  const store = new CertificateStore({ directory: path, clock: new FakeClock(), logger });
  return {
    path,
    logger,
    store,
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

const newPair = () => makeCertificate({ names: [HOST], ...VALID });

async function write(path: string, pair: Partial<PemPair>): Promise<void> {
  if (pair.certPem !== undefined) await Deno.writeTextFile(`${path}.crt`, pair.certPem);
  if (pair.keyPem !== undefined) await Deno.writeTextFile(`${path}.key`, pair.keyPem);
}

const filesOf = async (directory: string) =>
  (await Array.fromAsync(Deno.readDir(directory), ({ name }) => name)).toSorted();

Deno.test("save() replaces the pair as a whole", async () => {
  await using w = await world();
  const [first, second] = [await newPair(), await newPair()];
  await w.store.save(HOST, first);
  assert.equal((await w.store.load()).get(HOST)?.certPem, first.certPem);
  await w.store.save(HOST, second);
  const found = (await w.store.load()).get(HOST);
  assert.equal(found?.certPem, second.certPem);
  assert.equal(found?.keyPem, second.keyPem);
  assert.equal(found?.notAfter, VALID.notAfter);
  assert.deepEqual(found?.names, [HOST]);
  assert.deepEqual(await filesOf(`${w.path}/${HOST}`), ["2.crt", "2.key"]);
});

Deno.test("load() finds the old pair after a crash at any moment of save()", async () => {
  await using w = await world();
  const [old, next] = [await newPair(), await newPair()];
  const directory = `${w.path}/${HOST}`;
  // The key is written first …
  await w.store.save(HOST, old);
  await write(`${directory}/2`, { keyPem: next.keyPem });
  assert.equal((await w.store.load()).get(HOST)?.keyPem, old.keyPem);
  // … then the certificate, from which moment on the new pair is in use …
  await write(`${directory}/2`, next);
  assert.equal((await w.store.load()).get(HOST)?.keyPem, next.keyPem);
  // … and the old one is removed, here or at the next start.
  assert.deepEqual(await filesOf(directory), ["2.crt", "2.key"]);
  await write(`${directory}/3`, { keyPem: old.keyPem });
  await w.store.save(HOST, old);
  assert.deepEqual(await filesOf(directory), ["4.crt", "4.key"]);
});

Deno.test("load() reports what is broken, and goes on", async () => {
  await using w = await world();
  const [good, other] = [await newPair(), await newPair()];
  await w.store.save(HOST, good);
  await write(`${w.path}/${HOST}/2`, { certPem: good.certPem, keyPem: other.keyPem });
  await w.store.save("b.example.test", good);
  await write(`${w.path}/b.example.test/1`, { certPem: "hello" });
  await write(`${w.path}/b.example.test/1`, { keyPem: "-----BEGIN PRIVATE KEY-----\nsesame" });
  const found = await w.store.load();
  assert.deepEqual([...found.keys()], [HOST]);
  assert.equal(found.get(HOST)?.certPem, good.certPem);
  const errors = w.logger.of("publish.certificate_unusable").map(({ fields }) => fields.error);
  assert.deepEqual(errors.toSorted(), [
    "no CERTIFICATE block in PEM",
    "the key is not that of the certificate",
  ]);
  assert.ok(!w.logger.text().includes("sesame"));
});

Deno.test("load() makes a directory that nobody else may look into", async () => {
  await using w = await world();
  const directory = `${w.path}/certs`;
  const store = new CertificateStore({ directory, clock: new FakeClock(), logger: w.logger });
  assert.equal((await store.load()).size, 0);
  assert.equal(((await Deno.stat(directory)).mode ?? 0) & 0o777, 0o700);
});

Deno.test("remove() forgets a host, and one that is not there", async () => {
  await using w = await world();
  await w.store.save(HOST, await newPair());
  await w.store.remove(HOST);
  await w.store.remove(HOST);
  assert.equal((await w.store.load()).size, 0);
});

Deno.test("loadWildcards() takes those that name what they are for", async () => {
  await using w = await world();
  await Deno.mkdir(`${w.path}/wildcard`);
  const good = await makeCertificate({ names: ["*.example.test", "example.test"], ...VALID });
  await write(`${w.path}/wildcard/example.test`, good);
  await write(`${w.path}/wildcard/other.test`, good);
  const found = await w.store.loadWildcards();
  assert.deepEqual([...found.keys()], ["example.test"]);
  const [line] = w.logger.of("publish.certificate_unusable");
  assert.equal(line?.fields.error, "it does not name *.other.test");
  assert.equal((await w.store.load()).size, 0, "they are no host's own");
});
