/**
 * What follows an upgrade: bytes both ways, nobody's business what they say.
 *
 * @module
 */

import { INGRESS } from "../../core/publish_limits.ts";
import type { Deadline } from "./deadlines.ts";
import type { MessageReader } from "./http1/message_reader.ts";
import { type Transport, writeAll } from "./http1/transport.ts";

interface End {
  readonly reader: MessageReader;
  readonly transport: Transport;
  readonly deadline: Deadline;
}

/**
 * Relays until both ends have ended, one broke, or neither said anything for too long; which is
 * not long any more once one of them has ended.
 */
export async function relayBothWays(client: End, upstream: End): Promise<void> {
  let patienceMs: number = INGRESS.streamIdleMs;
  const onProgress = () => {
    client.deadline.set(patienceMs);
    upstream.deadline.set(patienceMs);
  };
  const onEnd = () => {
    patienceMs = INGRESS.stalledTimeoutMs;
    onProgress();
  };
  onProgress();
  await Promise.all([
    relay(client, upstream, onProgress).then(onEnd),
    relay(upstream, client, onProgress).then(onEnd),
  ]);
}

/** @throws what either transport says */
async function relay(from: End, to: End, onProgress: () => void): Promise<void> {
  const { reader } = from;
  while (reader.buffered > 0 || await reader.fill()) {
    onProgress();
    await writeAll(to.transport, reader.take());
    reader.ease();
  }
  await to.transport.closeWrite();
}
