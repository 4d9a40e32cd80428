/**
 * A Worker of the Linux engine: a thread that blocks in `epoll_wait`.
 *
 * @module
 */

import { Loop } from "./loop.ts";
import { openLibc } from "./native/libc.ts";
import type { Start } from "./protocol.ts";

self.onmessage = ({ data }: MessageEvent<Start>) => {
  work(data);
  // Ends the thread where it stands: everything has to be given back by now.
  self.close();
};

function work(start: Start): void {
  using loop = new Loop(start, openLibc(), () => self.postMessage(null));
  loop.run();
}
