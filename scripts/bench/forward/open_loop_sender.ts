/**
 * The thread of `open_loop.ts` that sends.
 *
 * @module
 */

import { openLibc } from "../../../src/forward/linux/native/libc.ts";
import { now, type Schedule, sendRequest } from "./open_loop_request.ts";

function run({ fds, total, rate, startAt }: Schedule): void {
  const libc = openLibc();
  const nothing = new Int32Array(new SharedArrayBuffer(4));
  for (let request = 0; request < total;) {
    const pauseMs = startAt + request * 1_000 / rate - now();
    // Whatever is due by now goes out, however late it is.
    if (pauseMs > 0) Atomics.wait(nothing, 0, 0, pauseMs);
    else sendRequest(libc, fds[request++ % fds.length] ?? -1);
  }
}

self.onmessage = ({ data }: MessageEvent<Schedule>) => run(data);
self.postMessage(null);
