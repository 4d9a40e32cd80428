import assert from "node:assert/strict";
import { runCommand } from "../../tests/kit/fake_api.ts";
import { silentLogger } from "../../tests/kit/silent_logger.ts";
import { systemClock } from "../system/clock.ts";
import { systemRandom } from "../system/random.ts";
import { loadTlsMaterial } from "../wire/tls_material.ts";

Deno.test("HTTP commands speak https where the certificate can be trusted, and only there", async () => {
  const dir = await Deno.makeTempDir({ prefix: "portunus-https-" });
  try {
    const [certPath, keyPath] = [`${dir}/server.crt`, `${dir}/server.key`];
    await loadTlsMaterial({
      certPath,
      keyPath,
      advertisedHost: null,
      hostname: "lab",
      clock: systemClock,
      random: systemRandom,
      logger: silentLogger,
    });
    const seen: (string | null)[] = [];
    await using server = Deno.serve({
      hostname: "127.0.0.1",
      port: 0,
      cert: await Deno.readTextFile(certPath),
      key: await Deno.readTextFile(keyPath),
      onListen: () => undefined,
    }, ({ headers }) => {
      seen.push(headers.get("authorization"));
      return Response.json([]);
    });
    const args = [
      "list-rules",
      "--format=json",
      `--endpoint-url=https://127.0.0.1:${server.addr.port}`,
    ];
    const env = { PORTUNUS_OPERATOR_TOKEN: "sesame" };

    const trusted = await runCommand([...args, "--ca-file", certPath], env);
    assert.deepEqual(trusted, { code: 0, out: "[]\n", err: "" });
    assert.deepEqual(seen.splice(0), ["Bearer sesame"]);

    const strange = await runCommand(args, env);
    assert.deepEqual([strange.code, strange.out], [1, ""]);
    assert.match(strange.err, /^error: http: /);
    assert.deepEqual(seen, [], "the token went to nobody");

    const missing = await runCommand([...args, "--ca-file", `${dir}/none`], env);
    assert.deepEqual([missing.code, missing.out], [1, ""]);
    assert.match(missing.err, /^error: http: .*none/);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
