/**
 * Publishing on whole processes, as the README's section "Publish" does it: a server, an edge, and
 * a certificate authority that looks for our names in a name server.
 *
 * @module
 */

import assert from "node:assert/strict";
import { systemRandom } from "../../src/system/random.ts";
import { generateSelfSigned } from "../../src/wire/self_signed.ts";
import { AcmeServer } from "../kit/acme_server.ts";
import { FakeDns } from "../kit/fake_dns.ts";
import { HttpBrowser } from "../kit/http_browser.ts";
import { type Lab, labTest } from "../kit/lab.ts";
import type { Operator } from "../kit/operator.ts";
import { freePort } from "../kit/ports.ts";
import { type WebAnswer, webGet } from "../kit/web_get.ts";

const DOMAIN = "example.test";
const PASSWORD = "correct horse battery";

labTest("a fresh server publishes what its edge and its folders have", async (lab) => {
  const web = await startWeb(lab);
  const { server, operator } = await lab.operated({ config: web.config });
  const bundle = await operator.enroll("edge-01", lab.path("edge-01.json"));
  await lab.client({ bundle }).event("control.connected");

  await passthrough(operator);
  await setUp(operator);
  const get = browserOf(web.httpsPort, await web.ca.rootPem());
  await terminate(operator, get);
  await site(operator, get);
  await login(operator, get);
  await server.process.stop();
});

/** What is there before a server: names that lead here, and who issues certificates for them. */
async function startWeb(lab: Lab) {
  const dns = lab.use(new FakeDns({ port: freePort() }));
  for (const name of [DOMAIN, `app.${DOMAIN}`, `blog.${DOMAIN}`]) {
    dns.set(name, { a: ["127.0.0.1"] });
  }
  const [httpPort, httpsPort, operatorPort] = [freePort(), freePort(), freePort()];
  const ca = lab.use(await AcmeServer.start({ nameServer: dns.address, httpPort }));
  const config = {
    operator_http_listen: `127.0.0.1:${operatorPort}`,
    operator_http_public_origin: `http://127.0.0.1:${operatorPort}`,
    "publish.http_listen": `127.0.0.1:${httpPort}`,
    "publish.https_listen": `127.0.0.1:${httpsPort}`,
    "publish.public_ip": "127.0.0.1",
    "publish.acme_directory": ca.directory,
    "publish.acme_ca": ca.caPath,
    "publish.dns_server": dns.address,
  };
  return { ca, config, httpsPort };
}

type Get = (url: string, headers?: Record<string, string>) => Promise<WebAnswer>;

const browserOf = (port: number, ca: string): Get => (url, headers = {}) =>
  webGet({ url, port, ca, headers });

/** A private service that has a certificate of its own. */
async function tlsService(host: string) {
  const { certPem: cert, keyPem: key } = await generateSelfSigned({
    commonName: host,
    names: [host],
    nowMs: Date.now(),
    random: systemRandom,
  });
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, cert, key, onListen: () => undefined },
    () => new Response(`private ${host}`),
  );
  return { cert, port: server.addr.port, [Symbol.asyncDispose]: () => server.shutdown() };
}

/** A name for a service that has TLS itself; needs nothing of the set-up. */
async function passthrough(operator: Operator): Promise<void> {
  const fqdn = `shop.${DOMAIN}`;
  await using service = await tlsService(fqdn);
  const port = freePort();
  const added = await operator.ok([
    ...["tunnel-add", "edge-01", `127.0.0.1:${service.port}`, "--fqdn", fqdn],
    ...["--listen-port", String(port)],
  ]);
  assert.match(added, /^[0-9A-Z]{26}\n$/);
  const get = () => webGet({ url: `https://${fqdn}/`, port, ca: service.cert });
  const shown = await get();
  assert.equal(`${shown.status} ${shown.text}`, `200 private ${fqdn}`);
  await operator.ok(["tunnel-remove", fqdn]);
  while (await get().then(() => true, () => false));
}

/** From a domain to a server that publishes. */
async function setUp(operator: Operator): Promise<void> {
  const post = async (path: string, body?: unknown) => {
    const answer = await operator.api("POST", `/v1/publish/${path}`, body);
    assert.ok(answer.status < 300, `${path}: ${JSON.stringify(answer.body)}`);
  };
  await post("domain", { domain: DOMAIN, email: `ops@${DOMAIN}` });
  await post("verify-dns");
  await post("provision");
  const events = await followRun(operator);
  const { body } = await operator.api("GET", "/v1/publish/status");
  assert.equal((body as { status: string }).status, "COMPLETED", events);
}

/** What is told of a run until it ends; nothing when it has ended. */
async function followRun(operator: Operator): Promise<string> {
  const { body } = await fetch(`http://${operator.http}/v1/publish/provision/stream`, {
    headers: { Authorization: `Bearer ${operator.token}` },
  });
  let events = "";
  for await (const text of body?.pipeThrough(new TextDecoderStream()) ?? []) {
    events += text;
    if (/^event: (complete|failed)$/m.test(events)) break;
  }
  return events;
}

/** A name for a private service without TLS. */
async function terminate(operator: Operator, get: Get): Promise<void> {
  await using service = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => undefined },
    ({ headers }) => {
      const seen = ["host", "x-forwarded-proto", "remote-user"].map((it) => headers.get(it));
      return new Response(seen.join(" "));
    },
  );
  await operator.ok([
    ...["tunnel-add", "edge-01", `127.0.0.1:${service.addr.port}`, "--subdomain", "app"],
    ...["--kind", "terminate", "--access", "public"],
  ]);
  const shown = await get(`https://app.${DOMAIN}/`, { "Remote-User": "root" });
  assert.equal(`${shown.status} ${shown.text}`, `200 app.${DOMAIN} https `);
  assert.match(await operator.ok(["tunnel-list"]), /app\.example\.test .* active/);
  await operator.ok(["tunnel-remove", `app.${DOMAIN}`]);
  await assert.rejects(get(`https://app.${DOMAIN}/`));
}

/** A name for a folder. */
async function site(operator: Operator, get: Get): Promise<void> {
  const folder = operator.lab.path("public");
  await Deno.mkdir(folder);
  await Deno.writeTextFile(`${folder}/index.html`, "<h1>Hello</h1>");
  await operator.ok(["site-add", "blog"]);
  await operator.ok(["site-upload", "blog", folder]);
  const shown = await get(`https://blog.${DOMAIN}/`);
  assert.equal(`${shown.status} ${shown.text}`, "200 <h1>Hello</h1>");
}

/** The folder, for those with an account. */
async function login(operator: Operator, get: Get): Promise<void> {
  const created = await operator.api("POST", "/v1/users", {
    user_id: "alice",
    display_name: "Alice",
    role: "user",
    initial_password: PASSWORD,
    password_change_required: false,
  });
  assert.equal(created.status, 201, JSON.stringify(created.body));
  const { body } = await operator.api("GET", "/v1/sites");
  const [blog] = body as readonly { readonly id: string }[];
  const protectedNow = await operator.api("PATCH", `/v1/sites/${blog?.id}`, { protected: true });
  assert.equal(protectedNow.status, 200, JSON.stringify(protectedNow.body));

  const url = `https://blog.${DOMAIN}/`;
  const sent = await get(url);
  assert.equal(sent.status, 302);
  const page = new URL(String(sent.headers["location"]));
  assert.equal(page.host, operator.http);
  using browser = new HttpBrowser(operator.http);
  const entered = await browser.request("POST", "/v1/auth/login", {
    user_id: "alice",
    password: PASSWORD,
  });
  assert.equal(entered.outcome, "200");
  const authorized = await browser.request("POST", "/v1/publish/authorize", {
    rd: page.searchParams.get("rd"),
    state: page.searchParams.get("state"),
  });
  assert.equal(authorized.outcome, "200");
  const back = await get(String(authorized.json["location"]), { Cookie: cookiesOf(sent) });
  const shown = await get(url, { Cookie: cookiesOf(back) });
  assert.equal(`${shown.status} ${shown.text}`, "200 <h1>Hello</h1>");
}

const cookiesOf = ({ headers }: WebAnswer): string =>
  [headers["set-cookie"] ?? []].flat().map((it) => it.split(";", 1)[0]).join("; ");
