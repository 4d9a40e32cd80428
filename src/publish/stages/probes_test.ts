import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { createServer as createTlsServer } from "node:tls";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { systemRandom } from "../../system/random.ts";
import { makeCertificate } from "../../../tests/kit/certificates.ts";
import { FakeClock } from "../../../tests/kit/fake_clock.ts";
import { Challenges } from "../certificates/acme/challenges.ts";
import { ingressProbes } from "./probes.ts";

const HOST = "app.example.test";
const signal = new AbortController().signal;
const LOOPBACK = "127.0.0.1";
const PREFIX = "/.well-known/acme-challenge/";

function world() {
  const challenges = new Challenges();
  const clock = new FakeClock();
  return { challenges, clock, probes: ingressProbes({ challenges, clock, random: systemRandom }) };
}

/** A port 80 that answers challenges as `challenges` says, and others with `status`. */
async function plain(
  { challenges, status = 308, location = `https://${HOST}/` }: {
    readonly challenges: Challenges;
    readonly status?: number;
    readonly location?: string;
  },
) {
  const hosts: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    const { url = "", headers: { host } } = request;
    hosts.push(host);
    const answer = challenges.respond(url.slice(PREFIX.length));
    if (answer === undefined) response.writeHead(status, { location }).end();
    else response.end(answer);
  });
  return { hosts, ...await listening(server) };
}

async function listening(server: Server | ReturnType<typeof createTlsServer>) {
  server.listen(0, LOOPBACK);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    address: { host: LOOPBACK, port },
    [Symbol.asyncDispose]: async () => {
      server.close();
      await once(server, "close");
    },
  };
}

Deno.test("answers() asks as the host, for a challenge of its own and for a page", async () => {
  const { probes, challenges } = world();
  await using http = await plain({ challenges });
  await probes.answers({ ...http.address, host: "0.0.0.0" }, HOST, signal);
  assert.deepEqual(http.hosts, [HOST, HOST]);
  assert.equal(challenges.size, 0);
});

Deno.test("answers() says what is otherwise", async () => {
  const { probes, challenges } = world();
  await using other = await plain({ challenges: new Challenges() });
  await assert.rejects(probes.answers(other.address, HOST, signal), /challenges get 308/);
  await using page = await plain({ challenges, status: 200 });
  await assert.rejects(probes.answers(page.address, HOST, signal), /browsers get 200/);
  await using away = await plain({ challenges, location: "http://elsewhere.test/" });
  await assert.rejects(probes.answers(away.address, HOST, signal), /not sent to HTTPS/);
});

Deno.test("presented() is the certificate that a browser is shown for the host", async () => {
  const { probes } = world();
  const times = { notBefore: Date.now() - 60_000, notAfter: Date.now() + 3_600_000 };
  const { certPem: cert, keyPem: key } = await makeCertificate({ names: [HOST], ...times });
  await using https = await listening(createTlsServer({ cert, key }));
  const presented = await probes.presented(https.address, HOST, signal);
  assert.ok(cert.replaceAll(/\s/g, "").includes(presented));
});

Deno.test("presented() says that there is none where nobody speaks TLS", async () => {
  const { probes, challenges } = world();
  await using http = await plain({ challenges });
  await assert.rejects(probes.presented(http.address, HOST, signal), /no certificate is presented/);
});

Deno.test("probes do not wait for ever", async () => {
  const { probes, clock } = world();
  using silent = Deno.listen({ hostname: LOOPBACK, port: 0 });
  const address = { host: LOOPBACK, port: silent.addr.port };
  for (const ask of [probes.presented, probes.answers]) {
    const asked: Promise<unknown> = ask(address, HOST, signal);
    using _ = await silent.accept();
    clock.advance(60_000);
    await assert.rejects(asked);
  }
});
