import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import type { Clock } from "../core/clock.ts";
import { PortunusError } from "../core/errors.ts";
import type { LogFields, Logger } from "../core/log.ts";
import { fingerprint, sans } from "./certificate.ts";
import { loadTlsMaterial, type TlsMaterial } from "./tls_material.ts";

const NOW = Date.UTC(2026, 4, 7, 10);

const clock: Clock = {
  now: () => NOW,
  monotonic: () => 0,
  timer: () => assert.fail("loading a certificate waits for nothing"),
};

/** A data directory, and what was logged about it. */
class Sandbox implements AsyncDisposable {
  readonly events: { event: string; fields: LogFields }[] = [];

  constructor(readonly path: string) {}

  static async create(): Promise<Sandbox> {
    return new Sandbox(await Deno.makeTempDir({ prefix: "portunus-tls-" }));
  }

  get cert(): string {
    return join(this.path, "server.crt");
  }
  get key(): string {
    return join(this.path, "server.key");
  }
  get marker(): string {
    return join(this.path, ".portunus-autocert");
  }

  load(
    options: { advertisedHost?: string | null; hostname?: string; directory?: string } = {},
  ): Promise<TlsMaterial> {
    const { advertisedHost = null, hostname = "host-1", directory = this.path } = options;
    return loadTlsMaterial({
      certPath: join(directory, "server.crt"),
      keyPath: join(directory, "server.key"),
      advertisedHost,
      hostname,
      clock,
      logger: this.#logger(),
    });
  }

  names(): string[] {
    return [...Deno.readDirSync(this.path)].map((entry) => entry.name).sort();
  }

  async mode(path: string): Promise<number> {
    return ((await Deno.stat(path)).mode ?? 0) & 0o777;
  }

  #logger(): Logger {
    const log = (event: string, fields: LogFields = {}) => this.events.push({ event, fields });
    return {
      log: (_level, event, fields) => log(event, fields),
      error: log,
      warn: log,
      info: log,
      debug: log,
      enabled: () => true,
      child: () => this.#logger(),
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Deno.remove(this.path, { recursive: true });
  }
}

function tlsError(detail: RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof PortunusError);
    assert.equal(error.code, "tls_material");
    assert.match(error.detail ?? "", detail);
    return true;
  };
}

Deno.test("loadTlsMaterial() generates a pinned leaf when there is none", async () => {
  await using box = await Sandbox.create();
  const material = await box.load({ advertisedHost: "edge.example.com" });

  const leaf = new X509Certificate(material.certPem);
  assert.equal(leaf.subject, "CN=host-1");
  assert.equal(leaf.issuer, "CN=host-1");
  assert.equal(leaf.ca, false);
  assert.equal(leaf.publicKey.asymmetricKeyType, "ec");
  assert.equal(leaf.publicKey.asymmetricKeyDetails?.namedCurve, "prime256v1");
  assert.ok(leaf.verify(leaf.publicKey));
  assert.equal(Date.parse(leaf.validFrom), NOW);
  assert.equal(Date.parse(leaf.validTo), NOW + 3650 * 86_400_000);
  assert.deepEqual(sans(material.certPem), {
    dns: ["host-1", "localhost", "edge.example.com"],
    ips: ["127.0.0.1", "::1"],
  });
  assert.match(material.keyPem, /^-----BEGIN PRIVATE KEY-----/);
  assert.equal(material.fingerprint, leaf.fingerprint256.replaceAll(":", "").toLowerCase());
  assert.deepEqual(box.names(), [".portunus-autocert", "server.crt", "server.key"]);
  assert.equal(await box.mode(box.key), 0o600);
  assert.equal(await Deno.readTextFile(box.marker), "edge.example.com");
});

Deno.test("loadTlsMaterial() creates directories and an empty marker", async () => {
  await using box = await Sandbox.create();
  const directory = join(box.path, "a", "b");
  await box.load({ directory });
  assert.equal(await Deno.readTextFile(join(directory, ".portunus-autocert")), "");
});

Deno.test("loadTlsMaterial() names an advertised IP address as such, and nothing twice", async () => {
  await using box = await Sandbox.create();
  const first = await box.load({ advertisedHost: "2001:db8::7" });
  assert.deepEqual(sans(first.certPem).ips, ["127.0.0.1", "::1", "2001:db8::7"]);
  await using other = await Sandbox.create();
  const second = await other.load({ advertisedHost: "localhost", hostname: "localhost" });
  assert.deepEqual(sans(second.certPem).dns, ["localhost"]);
});

Deno.test("loadTlsMaterial() gives each certificate its own serial number", async () => {
  await using a = await Sandbox.create();
  await using b = await Sandbox.create();
  const serials = [await a.load(), await b.load()]
    .map(({ certPem }) => new X509Certificate(certPem).serialNumber);
  assert.notEqual(serials[0], serials[1]);
  for (const serial of serials) assert.match(serial, /^[4-7][0-9A-F]{31}$/);
});

Deno.test("loadTlsMaterial() keeps a pair that fits", async () => {
  await using box = await Sandbox.create();
  const first = await box.load({ advertisedHost: "edge.example.com" });
  assert.deepEqual(await box.load({ advertisedHost: "edge.example.com" }), first);
  assert.deepEqual(await box.load(), first, "no advertised host asks for nothing");
  await Deno.writeTextFile(box.marker, "  edge.example.com\n");
  assert.deepEqual(await box.load({ advertisedHost: "edge.example.com" }), first);
  assert.deepEqual(box.events, []);
});

Deno.test("loadTlsMaterial() makes a new pair for a new host and keeps the old one", async () => {
  await using box = await Sandbox.create();
  const old = await box.load();
  const material = await box.load({ advertisedHost: "new.example.com" });

  assert.notEqual(material.fingerprint, old.fingerprint);
  assert.ok(sans(material.certPem).dns.includes("new.example.com"));
  assert.equal(await Deno.readTextFile(box.marker), "new.example.com");
  const stamp = Math.floor(NOW / 1000);
  const backup = {
    cert: `${box.cert}.portunus.${stamp}.bak`,
    key: `${box.key}.portunus.${stamp}.bak`,
  };
  assert.equal(await Deno.readTextFile(backup.cert), old.certPem);
  assert.equal(await Deno.readTextFile(backup.key), old.keyPem);
  assert.equal(await box.mode(backup.key), 0o600);
  assert.equal(await box.mode(box.key), 0o600);
  assert.deepEqual(box.events, [{
    event: "tls.cert_regenerated",
    fields: {
      host: "new.example.com",
      old_fingerprint: old.fingerprint,
      new_fingerprint: material.fingerprint,
    },
  }]);
  assert.deepEqual(await box.load({ advertisedHost: "new.example.com" }), material);
});

Deno.test("loadTlsMaterial() finishes a change of host that a crash cut short", async () => {
  await using box = await Sandbox.create();
  await using spare = await Sandbox.create();
  await box.load();
  // The new key was written, the new certificate was not.
  await Deno.writeTextFile(box.key, (await spare.load()).keyPem);
  const material = await box.load({ advertisedHost: "new.example.com" });
  assert.ok(new X509Certificate(material.certPem).subjectAltName?.includes("new.example.com"));
  assert.deepEqual(await box.load({ advertisedHost: "new.example.com" }), material);
});

Deno.test("loadTlsMaterial() never changes an operator's certificate", async () => {
  await using box = await Sandbox.create();
  const own = await box.load();
  await Deno.remove(box.marker);
  assert.deepEqual(await box.load({ advertisedHost: "new.example.com" }), own);
  assert.deepEqual(box.events.map(({ event }) => event), ["tls.operator_cert_in_use"]);
  assert.deepEqual(box.names(), ["server.crt", "server.key"]);
});

for (const missing of ["cert", "key"] as const) {
  Deno.test(`loadTlsMaterial() generates both files when the ${missing} is missing`, async () => {
    await using box = await Sandbox.create();
    const first = await box.load();
    await Deno.remove(box[missing]);
    const second = await box.load();
    assert.notEqual(second.certPem, first.certPem);
    assert.notEqual(second.keyPem, first.keyPem);
    assert.equal(await Deno.readTextFile(box.cert), second.certPem);
    assert.equal(await Deno.readTextFile(box.key), second.keyPem);
    assert.equal(await box.mode(box.key), 0o600);
  });
}

for (const mode of [0o640, 0o604, 0o660, 0o644, 0o601, 0o610, 0o777]) {
  const octal = `0${mode.toString(8)}`;
  Deno.test(`loadTlsMaterial() refuses a key with mode ${octal}`, async () => {
    await using box = await Sandbox.create();
    await box.load();
    await Deno.chmod(box.key, mode);
    await assert.rejects(
      box.load(),
      tlsError(
        new RegExp(`/server\\.key has mode ${octal}, refuse to start \\(must be ≤ 0600\\)$`),
      ),
    );
  });
}

for (const mode of [0o600, 0o400, 0o700]) {
  Deno.test(`loadTlsMaterial() accepts a key with mode 0${mode.toString(8)}`, async () => {
    await using box = await Sandbox.create();
    const material = await box.load();
    await Deno.chmod(box.key, mode);
    assert.deepEqual(await box.load(), material);
  });
}

for (const host of ["exämple.com", "two words", "line\nbreak"]) {
  Deno.test(`loadTlsMaterial() refuses to name ${JSON.stringify(host)} in a certificate`, async () => {
    await using box = await Sandbox.create();
    await assert.rejects(box.load({ advertisedHost: host }), tlsError(/is not valid for SAN$/));
    assert.deepEqual(box.names(), [], "nothing is written");
    const material = await box.load();
    await assert.rejects(box.load({ advertisedHost: host }), tlsError(/is not valid for SAN$/));
    assert.deepEqual(await box.load(), material, "the old pair stays");
  });
}

Deno.test("loadTlsMaterial() refuses what is no pair", async () => {
  await using box = await Sandbox.create();
  await using other = await Sandbox.create();
  const { certPem, keyPem } = await box.load();
  const foreign = await other.load();

  await Deno.writeTextFile(box.cert, foreign.certPem);
  await assert.rejects(box.load(), tlsError(/server\.key is not the key of .*server\.crt$/));
  await Deno.writeTextFile(box.cert, keyPem);
  await assert.rejects(box.load(), tlsError(/no CERTIFICATE block/));
  await Deno.writeTextFile(box.cert, certPem);
  await Deno.writeTextFile(box.key, certPem);
  await assert.rejects(box.load(), tlsError(/server\.key: no private key that can be read$/));
});

Deno.test("loadTlsMaterial() takes the first certificate of a chain as the leaf", async () => {
  await using box = await Sandbox.create();
  await using other = await Sandbox.create();
  const own = await box.load();
  const issuer = await other.load();
  await Deno.writeTextFile(box.cert, `subject: a comment\n${own.certPem}\n${issuer.certPem}`);
  assert.equal((await box.load()).fingerprint, own.fingerprint);
});

Deno.test("fingerprint() and sans() reject what is no certificate", () => {
  for (const read of [fingerprint, sans]) {
    assert.throws(() => read(""), tlsError(/^no CERTIFICATE block/));
    assert.throws(
      () => read("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
      tlsError(/cannot be decoded/),
    );
  }
});
