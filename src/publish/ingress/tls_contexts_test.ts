import assert from "node:assert/strict";
import { systemRandom } from "../../system/random.ts";
import { generateSelfSigned } from "../../wire/self_signed.ts";
import type { IngressRoute } from "./route.ts";
import { TlsContexts } from "./tls_contexts.ts";

Deno.test("TlsContexts makes a context once, and again when its certificate was renewed", async () => {
  const pair = await generateSelfSigned({
    commonName: "app.test",
    names: ["app.test"],
    nowMs: Date.now(),
    random: systemRandom,
  });
  const routes = new Map<string, IngressRoute>();
  const certificates = new Map([["app.test", { ...pair, version: 1 }]]);
  const contexts = new TlsContexts(routes, certificates);
  assert.equal(contexts.get("app.test"), undefined, "without a route");
  const target = { kind: "proxy", upstream: { hostname: "h", port: 1 } } as const;
  routes.set("app.test", { host: "app.test", target, gate: null });
  const first = contexts.get("app.test");
  assert.ok(first !== undefined);
  assert.equal(contexts.get("app.test"), first);
  certificates.set("app.test", { ...pair, version: 2 });
  const second = contexts.get("app.test");
  assert.notEqual(second, first);
  certificates.delete("app.test");
  assert.equal(contexts.get("app.test"), undefined, "without a certificate");
});
