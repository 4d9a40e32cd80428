import assert from "node:assert/strict";
import { TempDataDir } from "../../tests/kit/data_dir.ts";
import { RecordingLogger } from "../../tests/kit/recording_logger.ts";
import { hello } from "../../tests/kit/messages.ts";
import { formatSocketAddress } from "../core/address.ts";
import { systemClock } from "../system/clock.ts";
import { systemRandom } from "../system/random.ts";
import { fingerprint } from "../wire/certificate.ts";
import { openControlStream } from "../wire/control_client.ts";
import { parseServerConfig } from "./config.ts";
import { startServer } from "./start.ts";

const CONFIG = `
  control_listen = "127.0.0.1:0"
  operator_http_listen = "127.0.0.1:0"
  metrics_listen = "127.0.0.1:0"
`;

Deno.test("startServer() logs a refused client once, and counts it", async () => {
  using dir = new TempDataDir();
  const logger = new RecordingLogger();
  const server = await startServer({
    readConfig: () =>
      Promise.resolve(parseServerConfig(CONFIG, { dataDir: dir.path, env: () => undefined })),
    dataDir: dir.path,
    seed: null,
    hostname: "lab",
    clock: systemClock,
    random: systemRandom,
    logger,
    printSetupToken: () => undefined,
  });
  try {
    const stream = await openControlStream({
      endpoint: formatSocketAddress(server.grpc),
      pin: fingerprint(await Deno.readTextFile(`${dir.path}/server.crt`)),
      bearer: "sesame",
      signal: new AbortController().signal,
    });
    await stream.send(hello());
    await assert.rejects(Array.fromAsync(stream.incoming), /^WireError: auth: token_not_found$/);
    const failures = logger.of("auth.failure");
    assert.deepEqual(failures.map(({ fields }) => fields["reason"]), ["token_not_found"]);
    const metrics = await fetch(`http://${formatSocketAddress(server.metrics)}/metrics`);
    assert.match(
      await metrics.text(),
      /^portunus_auth_failures_total\{reason="token_not_found"\} 1$/m,
    );
    assert.ok(!logger.text().includes("sesame"));
  } finally {
    await server.stop();
  }
});
