import assert from "node:assert/strict";
import { PortunusError } from "../../core/errors.ts";
import { systemRandom } from "../../system/random.ts";
import { CertificateMetrics } from "../../telemetry/certificate_metrics.ts";
import { makeCertificate } from "../../../tests/kit/certificates.ts";
import { FakeClock } from "../../../tests/kit/fake_clock.ts";
import { RecordingLogger } from "../../../tests/kit/recording_logger.ts";
import { AcmeProblem } from "./acme/problem.ts";
import { Certificates } from "./certificates.ts";
import type { PemPair } from "./pair.ts";
import { CertificateStore } from "./store.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const HOST = "app.example.test";
const signal = new AbortController().signal;

/** Certificates of hosts, over an authority that does as the test says. */
class World implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly logger = new RecordingLogger();
  readonly metrics = new CertificateMetrics();
  readonly directory = Deno.makeTempDirSync({ prefix: "portunus-certs-" });
  /** Hosts for which a certificate was asked. */
  readonly asked: string[] = [];
  lifeMs = 90 * DAY;
  /** Hosts that went without anybody's saying so, as those of a user who was deleted. */
  readonly gone = new Set<string>();
  refusal: Error | null = null;
  /** What an issuance waits for. */
  gate: Promise<void> = Promise.resolve();
  #certificates: Certificates | null = null;

  get certificates(): Certificates {
    assert.ok(this.#certificates);
    return this.#certificates;
  }

  /** As a start of the server does. */
  async open(): Promise<Certificates> {
    const { clock, logger } = this;
    await this.#certificates?.[Symbol.asyncDispose]();
    this.#certificates = new Certificates({
      store: new CertificateStore({ directory: this.directory, clock, logger }),
      issue: (host) => this.#issue(host),
      metrics: this.metrics,
      isPublished: (host) => !this.gone.has(host),
      clock,
      random: systemRandom,
      logger,
    });
    this.#certificates.want(HOST);
    await this.#certificates.load();
    return this.#certificates;
  }

  async #issue(host: string): Promise<PemPair> {
    this.asked.push(host);
    await this.gate;
    if (this.refusal !== null) throw this.refusal;
    const notBefore = this.clock.now();
    return await makeCertificate({
      names: [host],
      notBefore,
      notAfter: notBefore + this.lifeMs,
    });
  }

  /** Moves time on, and waits until what came due then is done and the next check is set. */
  async pass(ms: number): Promise<void> {
    await this.clock.armed();
    this.clock.advance(ms);
    await this.clock.armed();
  }

  async write(path: string, pair: PemPair): Promise<void> {
    await Deno.mkdir(`${this.directory}/wildcard`, { recursive: true });
    await Deno.writeTextFile(`${this.directory}/${path}.crt`, pair.certPem);
    await Deno.writeTextFile(`${this.directory}/${path}.key`, pair.keyPem);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#certificates?.[Symbol.asyncDispose]();
    await Deno.remove(this.directory, { recursive: true });
  }
}

async function opened(): Promise<World> {
  const world = new World();
  await world.open();
  return world;
}

const failed = (detail: RegExp) => (error: unknown) => {
  assert.ok(error instanceof PortunusError);
  assert.equal(error.code, "certificate_failed");
  assert.match(error.message, detail);
  return true;
};

Deno.test("ensure() issues once for all who ask at the same time, and not again", async () => {
  await using world = await opened();
  const { certificates } = world;
  assert.equal(certificates.get(HOST), undefined);
  assert.equal(certificates.status(HOST).status, "none");
  await Promise.all([1, 2, 3].map(() => certificates.ensure(HOST, signal)));
  assert.deepEqual(world.asked, [HOST]);
  await certificates.ensure(HOST, signal);
  assert.deepEqual(world.asked, [HOST]);
  assert.equal(certificates.status(HOST).status, "valid");
  assert.equal(certificates.status(HOST).source, "acme");
});

Deno.test("certificates are there after a restart, with the modes they must have", async () => {
  await using world = await opened();
  await world.certificates.ensure(HOST, signal);
  const pair = world.certificates.get(HOST);
  const certificates = await world.open();
  assert.equal(certificates.get(HOST)?.certPem, pair?.certPem);
  assert.equal(certificates.get(HOST)?.keyPem, pair?.keyPem);
  const mode = async (path: string) =>
    ((await Deno.stat(`${world.directory}/${path}`)).mode ?? 0) & 0o777;
  assert.equal(await mode(`${HOST}/1.key`), 0o600);
  assert.equal(await mode(`${HOST}/1.crt`), 0o644);
  assert.equal(await mode(HOST), 0o700);
});

Deno.test("ensure() issues another when the last day of one has begun", async () => {
  await using world = await opened();
  await world.certificates.ensure(HOST, signal);
  world.clock.advance(89 * DAY - 1_000);
  await world.certificates.ensure(HOST, signal);
  assert.equal(world.asked.length, 1);
  world.clock.advance(1_001);
  await world.certificates.ensure(HOST, signal);
  assert.equal(world.asked.length, 2);
});

Deno.test("a check renews 30 days before the end, and tells who listens", async () => {
  await using world = await opened();
  const { certificates, clock } = world;
  const changed: string[] = [];
  using _ = certificates.onChange((host) => changed.push(host));
  certificates.start();
  await clock.armed();
  assert.deepEqual(changed, [HOST], "what a host has to have is issued at the start");
  const first = certificates.get(HOST);
  for (let day = 1; day < 60; day++) await world.pass(DAY);
  assert.equal(world.asked.length, 1);
  await world.pass(DAY);
  assert.equal(world.asked.length, 2);
  assert.deepEqual(changed, [HOST, HOST]);
  const second = certificates.get(HOST);
  assert.ok(first !== undefined && second !== undefined && second.version > first.version);
});

Deno.test("certificates of a day are renewed after two thirds of it", async () => {
  await using world = await opened();
  world.lifeMs = DAY;
  world.certificates.start();
  await world.clock.armed();
  await world.certificates.ensure(HOST, signal);
  assert.equal(world.asked.length, 1);
  await world.pass(15 * HOUR);
  assert.equal(world.asked.length, 1);
  await world.pass(HOUR);
  assert.equal(world.asked.length, 2);
});

Deno.test("failures are an hour apart, then two, then a day at the most", async () => {
  await using world = await opened();
  world.refusal = new AcmeProblem({ type: "urn:ietf:params:acme:error:dns", detail: "no A" });
  world.certificates.start();
  const waits: number[] = [];
  let last = world.clock.now();
  for (let i = 1; i <= 7; i++) {
    await world.logger.seen("publish.certificate_failed", i);
    if (i > 1) waits.push((world.clock.now() - last) / HOUR);
    last = world.clock.now();
    const next = world.certificates.status(HOST).next_attempt;
    assert.ok(next !== null);
    await world.clock.armed();
    // Checks in between do not try.
    while (world.clock.now() < next.epochMilliseconds) {
      assert.equal(world.asked.length, i);
      await world.pass(Math.min(6 * HOUR, next.epochMilliseconds - world.clock.now()));
    }
  }
  const least = [1, 2, 4, 8, 16, 24];
  waits.forEach((wait, i) => {
    const hours = least[i] ?? 24;
    assert.ok(wait >= hours && wait <= hours * 1.1 + 0.01, `${wait} hours, not ${hours}`);
  });
  const { status, last_error } = world.certificates.status(HOST);
  assert.equal(status, "failed");
  assert.equal(last_error, "dns: no A");
});

Deno.test("a success forgets earlier failures", async () => {
  await using world = await opened();
  world.refusal = new Error("no route to host");
  await assert.rejects(world.certificates.ensure(HOST, signal), failed(/no route to host/));
  world.refusal = null;
  await world.certificates.ensure(HOST, signal);
  const { status, last_error, next_attempt } = world.certificates.status(HOST);
  assert.deepEqual({ status, last_error, next_attempt }, {
    status: "valid",
    last_error: null,
    next_attempt: null,
  });
});

Deno.test("a rate limit is waited for as long as the authority asks", async () => {
  await using world = await opened();
  const type = "urn:ietf:params:acme:error:rateLimited";
  world.refusal = new AcmeProblem({ type, detail: "too many" }, 50 * HOUR);
  await assert.rejects(world.certificates.ensure(HOST, signal), failed(/too many/));
  world.refusal = null;
  await assert.rejects(
    world.certificates.ensure(HOST, signal),
    failed(/too many; it asks to wait/),
  );
  world.certificates.want("other.example.test");
  world.certificates.start();
  await world.clock.armed();
  assert.deepEqual(world.asked, [HOST], "others wait for an hour, too");
  await world.pass(2 * HOUR);
  assert.deepEqual(world.asked, [HOST, "other.example.test"]);
  for (let hours = 2; hours < 48; hours += 2) await world.pass(2 * HOUR);
  assert.equal(world.asked.length, 2);
  await world.pass(2 * HOUR);
  await world.pass(HOUR);
  assert.deepEqual(world.asked, [HOST, "other.example.test", HOST]);
});

Deno.test("who stops waiting does not stop the issuance for others", async () => {
  await using world = await opened();
  const { promise, resolve } = Promise.withResolvers<void>();
  world.gate = promise;
  const impatient = new AbortController();
  const first = world.certificates.ensure(HOST, impatient.signal);
  const second = world.certificates.ensure(HOST, signal);
  assert.equal(world.certificates.status(HOST).status, "pending");
  const reason = new Error("gone");
  impatient.abort(reason);
  await assert.rejects(first, reason);
  resolve();
  await second;
  assert.deepEqual(world.asked, [HOST]);
});

Deno.test("the operator's wildcard goes before everything, while it is good", async () => {
  await using world = await opened();
  const { clock } = world;
  const times = { notBefore: clock.now(), notAfter: clock.now() + 10 * DAY };
  const wildcard = await makeCertificate({ names: ["*.example.test"], ...times });
  await world.write("wildcard/example.test", wildcard);
  await world.certificates.ensure(HOST, signal);
  assert.equal(world.certificates.status(HOST).source, "acme", "it was not read yet");

  const changed: string[] = [];
  using _ = world.certificates.onChange((host) => changed.push(host));
  await world.certificates.reload();
  assert.deepEqual(changed, [HOST]);
  assert.equal(world.certificates.get(HOST)?.certPem, wildcard.certPem);
  assert.equal(world.certificates.status(HOST).source, "operator");
  const { status } = world.certificates.status("a.b.example.test");
  assert.equal(status, "none", "a wildcard is good for one label");
  await world.certificates.ensure("other.example.test", signal);
  assert.deepEqual(world.asked, [HOST]);

  clock.advance(10 * DAY);
  assert.equal(world.certificates.status(HOST).source, "acme");
  await world.certificates.ensure("other.example.test", signal);
  assert.deepEqual(world.asked, [HOST, "other.example.test"]);

  await Deno.remove(`${world.directory}/wildcard`, { recursive: true });
  await world.certificates.reload();
  assert.deepEqual(changed, [HOST, "other.example.test", HOST, "other.example.test"]);
});

Deno.test("a certificate survives its host until it ends; then its files are removed", async () => {
  await using world = await opened();
  world.certificates.start();
  await world.clock.armed();
  world.certificates.release(HOST);
  await world.pass(88 * DAY);
  assert.equal(world.certificates.status(HOST).status, "valid");
  world.certificates.want(HOST);
  await world.certificates.ensure(HOST, signal);
  assert.equal(world.asked.length, 1, "a host that comes back has its certificate");
  world.certificates.release(HOST);
  await world.pass(2 * DAY);
  await world.pass(DAY);
  assert.equal(world.certificates.status(HOST).status, "none");
  await assert.rejects(Deno.stat(`${world.directory}/${HOST}`), Deno.errors.NotFound);
  assert.equal(world.asked.length, 1);
});

Deno.test("nothing is renewed for a host that leads nowhere any more", async () => {
  await using world = new World();
  const certificates = await world.open();
  certificates.start();
  await world.clock.armed();
  assert.deepEqual(world.asked, [HOST]);
  world.gone.add(HOST);
  await world.pass(61 * DAY);
  assert.deepEqual(world.asked, [HOST]);
});

Deno.test("an expired certificate is not presented", async () => {
  await using world = await opened();
  await world.certificates.ensure(HOST, signal);
  world.clock.advance(90 * DAY);
  assert.equal(world.certificates.get(HOST), undefined);
  assert.equal(world.certificates.status(HOST).status, "expired");
});

Deno.test("a certificate for another host, or one without its key, is refused", async () => {
  await using world = await opened();
  const times = { notBefore: world.clock.now(), notAfter: world.clock.now() + DAY };
  const { certPem } = await makeCertificate({ names: [HOST], ...times });
  const { keyPem } = await makeCertificate({ names: [HOST], ...times });
  await world.write("wildcard/example.test", { certPem, keyPem });
  await world.certificates.reload();
  const [line] = world.logger.of("publish.certificate_unusable");
  assert.equal(line?.fields.error, "the key is not that of the certificate");
  assert.equal(world.certificates.get(HOST), undefined);
});

Deno.test("metrics tell when certificates end, and count failures", async () => {
  await using world = await opened();
  await world.certificates.ensure(HOST, signal);
  world.refusal = new Error("no");
  await assert.rejects(world.certificates.ensure("b.example.test", signal));
  const text = world.metrics.families.map((family) => family.text()).join("");
  const end = (world.clock.now() + 90 * DAY) / 1_000;
  assert.match(
    text,
    new RegExp(`^portunus_publish_certificate_not_after_seconds\\{host="${HOST}"\\} ${end}$`, "m"),
  );
  assert.match(
    text,
    /^portunus_publish_certificate_failures_total\{host="b.example.test"\} 1$/m,
  );
});
