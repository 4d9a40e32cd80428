import assert from "node:assert/strict";
import { SOCKET } from "./native/abi.ts";
import { Block, loadPointer } from "./native/block.ts";
import { ERRNO } from "./native/errno.ts";
import { type Libc, openLibc } from "./native/libc.ts";
import { CMSGHDR, IOVEC, MMSGHDR } from "./native/message.ts";
import { Outbox } from "./udp_outbox.ts";

/** A message as sendmmsg(2) would have it: the length of its segments, and of its parts. */
interface Sent {
  readonly segment: number;
  readonly parts: readonly number[];
}

/** A libc whose `sendmmsg` notes what it is given; `answer` says what becomes of each call. */
class NotingLibc {
  readonly calls: Sent[][] = [];
  readonly libc: Libc;
  #errno = 0;

  constructor(answer: (messages: readonly Sent[]) => number = (messages) => messages.length) {
    this.libc = {
      ...openLibc(),
      errno: () => this.#errno,
      sendmmsg: (_fd, headers, count) => {
        const messages = Array.from({ length: count }, (_, i) => read(headers as Int32Array, i));
        this.calls.push(messages);
        const result = answer(messages);
        this.#errno = Math.max(0, -result);
        return result < 0 ? -1 : result;
      },
    };
  }
}

/** Reads message `i` through its pointers. */
function read(headers: Int32Array, i: number): Sent {
  const at = i * MMSGHDR.words;
  const iovecs = view(headers, at + MMSGHDR.iovecs, 4 * IOVEC.words * (headers[at + 6] ?? 0));
  const controlBytes = headers[at + MMSGHDR.controlLength] ?? 0;
  const parts = Array.from(
    { length: iovecs.length / IOVEC.words },
    (_, j) => iovecs[j * IOVEC.words + IOVEC.length] ?? 0,
  );
  if (controlBytes === 0) return { segment: 0, parts };
  const control = view(headers, at + MMSGHDR.control, controlBytes);
  assert.equal(control[CMSGHDR.length], CMSGHDR.bytes + 2);
  assert.equal(control[CMSGHDR.level], SOCKET.SOL_UDP);
  assert.equal(control[CMSGHDR.type], SOCKET.UDP_SEGMENT);
  return { segment: control[CMSGHDR.words] ?? 0, parts };
}

function view(words: Int32Array, at: number, bytes: number): Int32Array {
  const pointer = Deno.UnsafePointer.create(BigInt(loadPointer(words, at)));
  assert.ok(pointer);
  return new Int32Array(Deno.UnsafePointerView.getArrayBuffer(pointer, bytes)).slice();
}

/** Fails with errnos that go on. */
class Sink {
  readonly failures: [errno: number, datagrams: number][] = [];

  sendFailed(errno: number, datagrams: number): boolean {
    this.failures.push([errno, datagrams]);
    return true;
  }
}

const memory = new Block(64 * 1024);
const linuxTest = (name: string, fn: () => void) =>
  Deno.test({ name, fn, ignore: Deno.build.os !== "linux" });

linuxTest("Outbox makes a train of datagrams of one size, ended by a shorter one", () => {
  const { libc, calls } = new NotingLibc();
  const outbox = new Outbox(libc, new Sink());
  outbox.begin(true);
  // The first three lie behind each other, the fourth does not.
  for (const offset of [0, 100, 200, 1_000]) outbox.add(memory.address + offset, 100, 0);
  outbox.add(memory.address + 2_000, 40, 0);
  outbox.add(memory.address + 3_000, 40, 0);
  outbox.add(memory.address + 4_000, 0, 0);
  outbox.add(memory.address + 5_000, 1_453, 0);
  outbox.add(memory.address + 7_000, 1_453, 0);
  outbox.send(1);
  assert.deepEqual(calls, [[
    { segment: 100, parts: [300, 100, 40] },
    { segment: 0, parts: [40] },
    { segment: 0, parts: [0] },
    { segment: 0, parts: [1_453] },
    { segment: 0, parts: [1_453] },
  ]]);
  assert.deepEqual([outbox.sentBytes, outbox.sentDatagrams], [440 + 40 + 2 * 1_453, 9]);
});

linuxTest("Outbox passes on trains whole, up to the kernel's bounds", () => {
  const { libc, calls } = new NotingLibc();
  const outbox = new Outbox(libc, new Sink());
  outbox.begin(true);
  outbox.add(memory.address, 950, 100);
  outbox.add(memory.address, 6_000, 100);
  outbox.add(memory.address, 500, 100);
  outbox.send(1);
  assert.deepEqual(calls, [[
    { segment: 100, parts: [950] },
    { segment: 100, parts: [6_000] },
    { segment: 100, parts: [500] },
  ]]);
  assert.equal(outbox.sentDatagrams, 10 + 60 + 5);
});

linuxTest("Outbox sends one by one where trains are refused, and makes no more of them", () => {
  const { libc, calls } = new NotingLibc((messages) =>
    messages[0]?.segment === 0 ? 1 : -ERRNO.EINVAL
  );
  const sink = new Sink();
  const outbox = new Outbox(libc, sink);
  outbox.begin(true);
  for (let i = 0; i < 3; i++) outbox.add(memory.address + 100 * i, 100, 0);
  outbox.add(memory.address + 300, 7, 0);
  outbox.send(1);
  assert.deepEqual(calls.slice(1).map(([first]) => first?.parts), [[100], [100], [100], [7]]);
  assert.deepEqual([outbox.sentBytes, outbox.sentDatagrams], [307, 4]);
  assert.deepEqual(sink.failures, []);
  assert.equal(outbox.isSegmenting, false);
});

linuxTest("Outbox goes on behind what fails, and tells of it", () => {
  let calls = 0;
  const { libc } = new NotingLibc(() => [1, -ERRNO.EINTR, -ERRNO.EMSGSIZE, 2][calls++] ?? 0);
  const sink = new Sink();
  const outbox = new Outbox(libc, sink);
  outbox.begin(false);
  for (const length of [10, 20, 30, 40]) outbox.add(memory.address, length, 0);
  outbox.send(1);
  assert.deepEqual(sink.failures, [[ERRNO.EMSGSIZE, 1]]);
  assert.deepEqual([outbox.sentBytes, outbox.sentDatagrams], [80, 3]);
});
