import type { PublishConfig } from "../../src/publish/config.ts";
import { parseServerConfig } from "../../src/server/config.ts";

/** The defaults of `[publish]`, on loopback and ports of the system's choice. */
export function testPublishConfig(dataDir: string): PublishConfig {
  const text = '[publish]\nhttp_listen = "127.0.0.1:0"\nhttps_listen = "127.0.0.1:0"';
  const { publish } = parseServerConfig(text, { dataDir, env: () => undefined });
  if (publish === null) throw new TypeError("The table was not read");
  return publish;
}
