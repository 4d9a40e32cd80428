/**
 * A Worker of the Linux engine: a thread that blocks in `epoll_wait`.
 *
 * @module
 */

import { Loop } from "./loop.ts";
import { openLibc } from "./native/libc.ts";
import type { Start } from "./protocol.ts";

self.onmessage = ({ data }: MessageEvent<Start>) => {
  using loop = new Loop(data, openLibc(), () => self.postMessage(null));
  loop.run();
  self.close();
};
