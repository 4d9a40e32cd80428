import assert from "node:assert/strict";
import { RecordingLogger } from "../../tests/kit/recording_logger.ts";
import type { StopSignal } from "./process_io.ts";
import { onShutdown } from "./shutdown.ts";

Deno.test("onShutdown() stops once, and exits as the second signal says", () => {
  const logger = new RecordingLogger();
  let signal: (name: StopSignal) => void = () => assert.fail("nobody listens");
  const done: (string | number)[] = [];
  using _ = onShutdown({
    logger,
    stop: () => void done.push("stop"),
    exit: (status) => void done.push(status),
    listen(fn) {
      signal = fn;
      return { [Symbol.dispose]: () => undefined };
    },
  });
  signal("SIGTERM");
  signal("SIGINT");
  signal("SIGTERM");
  assert.deepEqual(done, ["stop", 130, 143]);
});
