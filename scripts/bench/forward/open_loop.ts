/**
 * HTTP requests at a fixed rate, whatever becomes of those before them: a program of its own, which
 * prints how long they took as JSON. Arguments: port, requests per second, seconds.
 *
 * Each request has a time at which it is due, and its latency counts from then: what is sent late
 * because the relay or the target stood still took as long as its user waited (coordinated omission
 * is the mistake of not counting that). One thread sends, by the clock, and one waits for answers in
 * epoll_wait(2), so neither is late on account of the other, and both sleep in between.
 *
 * @module
 */

import { Epoll, KIND } from "../../../src/forward/linux/epoll.ts";
import { EPOLL, SOCKET } from "../../../src/forward/linux/native/abi.ts";
import { SystemError } from "../../../src/forward/linux/native/errno.ts";
import { type Libc, openLibc } from "../../../src/forward/linux/native/libc.ts";
import { encodeSockaddr } from "../../../src/forward/linux/native/sockaddr.ts";
import { writeLine } from "../../build/console.ts";
import { quantile } from "../report.ts";
import { now, type Schedule, sendRequest } from "./open_loop_request.ts";

const CONNECTIONS = 32;
/** Not counted: code warms up. */
const WARM_UP_SECONDS = 0.5;
/** How long answers may take after the last request. */
const PATIENCE_MS = 5_000;
/** What the program prints. */
export interface Latencies {
  readonly p50Us: number;
  readonly p99Us: number;
  readonly answered: number;
  readonly unanswered: number;
}

/** Connections that answers are waited for on. */
class Answers {
  readonly #libc: Libc;
  readonly #epoll: Epoll;
  readonly #fds: readonly number[];
  readonly #buffer = new Uint8Array(64 * 1024);
  /** Bytes of the answer that is coming. */
  readonly #bytes = new Float64Array(CONNECTIONS);
  /** Every answer is as long as the first. */
  readonly #answerBytes: number;

  constructor(libc: Libc, fds: readonly number[]) {
    this.#libc = libc;
    this.#epoll = new Epoll(libc);
    this.#fds = fds;
    const lengths = fds.map((fd) => {
      sendRequest(libc, fd);
      return libc.recv(fd, this.#buffer, this.#buffer.length, 0);
    });
    this.#answerBytes = lengths[0] ?? 0;
    for (const [tag, fd] of fds.entries()) {
      this.#epoll.register(fd, EPOLL.IN, { kind: KIND.session, tag });
    }
  }

  /** Calls `answered` with the number of a connection for each answer that has come on it. */
  wait(timeoutMs: number, answered: (i: number) => void): void {
    const count = this.#epoll.wait(timeoutMs);
    for (let event = 0; event < count; event++) {
      const i = this.#epoll.tagAt(event);
      const read = this.#libc.recv(this.#fds[i] ?? -1, this.#buffer, this.#buffer.length, 0);
      if (read <= 0) throw new Error(`A connection ended: ${read}`);
      let bytes = (this.#bytes[i] ?? 0) + read;
      for (; bytes >= this.#answerBytes; bytes -= this.#answerBytes) answered(i);
      this.#bytes[i] = bytes;
    }
  }
}

function connect(libc: Libc, port: number): number {
  const fd = libc.socket(SOCKET.AF_INET, SOCKET.SOCK_STREAM | SOCKET.SOCK_CLOEXEC, 0);
  const address = encodeSockaddr({ hostname: "127.0.0.1", port });
  if (fd < 0 || libc.connect(fd, address, address.length) !== 0) {
    throw new SystemError(libc.errno());
  }
  const one = new Int32Array(32).fill(1);
  libc.setsockopt(fd, SOCKET.IPPROTO_TCP, SOCKET.TCP_NODELAY, one, 4);
  return fd;
}

/** Sends `rate` requests a second to `port`, in turn over all connections. */
async function load(port: number, rate: number, seconds: number): Promise<Latencies> {
  const libc = openLibc();
  const fds = Array.from({ length: CONNECTIONS }, () => connect(libc, port));
  const answers = new Answers(libc, fds);
  const total = Math.ceil(rate * (seconds + WARM_UP_SECONDS));
  const sender = new Worker(new URL("./open_loop_sender.ts", import.meta.url), { type: "module" });
  await new Promise((resolve) => sender.onmessage = resolve);
  const startAt = now() + 20;
  sender.postMessage({ fds, total, rate, startAt } satisfies Schedule);

  const dueAt = (request: number) => startAt + request * 1_000 / rate;
  const latencies = new Float64Array(total).fill(NaN);
  const counts = new Int32Array(CONNECTIONS);
  let answered = 0;
  for (const end = dueAt(total) + PATIENCE_MS; answered < total && now() < end;) {
    answers.wait(1_000, (i) => {
      const count = counts[i] ?? 0;
      const request = count * CONNECTIONS + i;
      counts[i] = count + 1;
      latencies[request] = (now() - dueAt(request)) * 1_000;
      answered += 1;
    });
  }
  const counted = [...latencies.subarray(rate * WARM_UP_SECONDS)].filter((it) => !isNaN(it));
  const [p50Us, p99Us] = [quantile(counted, 0.5), quantile(counted, 0.99)];
  return { p50Us, p99Us, answered, unanswered: total - answered };
}

if (import.meta.main) {
  const [port = 0, rate = 0, seconds = 0] = Deno.args.map(Number);
  writeLine(JSON.stringify(await load(port, rate, seconds)));
  Deno.exit(0);
}
