/**
 * Publishing on whole processes, as the README's section "Publish" does it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { systemRandom } from "../../src/system/random.ts";
import { generateSelfSigned } from "../../src/wire/self_signed.ts";
import { labTest } from "../kit/lab.ts";
import { Operator } from "../kit/operator.ts";
import { freePort } from "../kit/ports.ts";
import { webGet } from "../kit/web_get.ts";

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

labTest("a fresh server publishes what its edge and its folders have", async (lab) => {
  const config = {
    "publish.http_listen": `127.0.0.1:${freePort()}`,
    "publish.https_listen": `127.0.0.1:${freePort()}`,
  };
  const { server, operator } = await lab.operated({ config });
  const bundle = await operator.enroll("edge-01", lab.path("edge-01.json"));
  await lab.client({ bundle }).event("control.connected");

  await passthrough(operator);
  await server.process.stop();
});

/** A name for a service that has TLS itself; needs nothing of the set-up. */
async function passthrough(operator: Operator): Promise<void> {
  const fqdn = "shop.example.test";
  await using service = await tlsService(fqdn);
  const port = freePort();
  const added = await operator.ok([
    ...["tunnel-add", "edge-01", `127.0.0.1:${service.port}`, "--fqdn", fqdn],
    ...["--listen-port", String(port)],
  ]);
  assert.match(added, /^[0-9A-Z]{26}\n$/);
  const shown = await webGet({ url: `https://${fqdn}/`, port, ca: service.cert });
  assert.equal(`${shown.status} ${shown.text}`, `200 private ${fqdn}`);
  assert.match(await operator.ok(["tunnel-list"]), /shop\.example\.test .* active/);
  await operator.ok(["tunnel-remove", fqdn]);
  const get = () => webGet({ url: `https://${fqdn}/`, port, ca: service.cert });
  while (await get().then(() => true, () => false));
}
