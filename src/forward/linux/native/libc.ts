/**
 * The functions of libc that the engine calls, with their C signatures. Only this file opens a
 * native library.
 *
 * None of them keeps a pointer once it has returned; what `recvmmsg` and `sendmmsg` find pointers in
 * is memory of `block.ts`, which does not move. But `epoll_wait` blocks with one: its
 * buffer is larger than what V8 puts on its moving heap, so it stays where it is, and whoever calls
 * holds on to it.
 *
 * @module
 */

import { libcNames } from "./abi.ts";

/**
 * `ssize_t` results are declared `i32`: calls with numbers only take V8's fast path, a 64-bit
 * result would come as a bigint, and no length here comes near 2 GiB.
 */
const SYMBOLS = {
  /** int *__errno_location(void) */
  __errno_location: { parameters: [], result: "pointer" },
  /** int socket(int domain, int type, int protocol) */
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  /** int bind(int fd, const struct sockaddr *addr, socklen_t length) */
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  /** int listen(int fd, int backlog) */
  listen: { parameters: ["i32", "i32"], result: "i32" },
  /** int accept4(int fd, struct sockaddr *addr, socklen_t *length, int flags) */
  accept4: { parameters: ["i32", "buffer", "buffer", "i32"], result: "i32" },
  /** int connect(int fd, const struct sockaddr *addr, socklen_t length) */
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  /** int setsockopt(int fd, int level, int name, const void *value, socklen_t length) */
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  /** int getsockopt(int fd, int level, int name, void *value, socklen_t *length) */
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  /** int getsockname(int fd, struct sockaddr *addr, socklen_t *length) */
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  /** int shutdown(int fd, int how) */
  shutdown: { parameters: ["i32", "i32"], result: "i32" },
  /** ssize_t recv(int fd, void *buffer, size_t length, int flags) */
  recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
  /** ssize_t send(int fd, const void *buffer, size_t length, int flags) */
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
  /**
   * int recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
   * struct timespec *timeout)
   */
  recvmmsg: { parameters: ["i32", "buffer", "u32", "i32", "usize"], result: "i32" },
  /** int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags) */
  sendmmsg: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  /** ssize_t splice(int in, off_t *in_at, int out, off_t *out_at, size_t length, unsigned flags) */
  splice: { parameters: ["i32", "usize", "i32", "usize", "usize", "u32"], result: "i32" },
  /** int pipe2(int fds[2], int flags) */
  pipe2: { parameters: ["buffer", "i32"], result: "i32" },
  /** int fcntl(int fd, int command, int argument) */
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  /** ssize_t read(int fd, void *buffer, size_t length) */
  read: { parameters: ["i32", "buffer", "usize"], result: "i32" },
  /** ssize_t write(int fd, const void *buffer, size_t length) */
  write: { parameters: ["i32", "buffer", "usize"], result: "i32" },
  /** int close(int fd) */
  close: { parameters: ["i32"], result: "i32" },
  /** uid_t geteuid(void) */
  geteuid: { parameters: [], result: "u32" },
  /** int eventfd(unsigned initial, int flags) */
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  /** int epoll_create1(int flags) */
  epoll_create1: { parameters: ["i32"], result: "i32" },
  /** int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event) */
  epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  /** int epoll_wait(int epoll, struct epoll_event *events, int count, int timeout_ms) */
  epoll_wait: { parameters: ["i32", "buffer", "i32", "i32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

type Symbols = Deno.StaticForeignLibraryInterface<typeof SYMBOLS>;

/** Lengths as numbers: the runtime takes them where its types say bigint, and faster. */
type WithNumbers<F> = F extends (...parameters: infer P) => infer R
  ? (...parameters: { [I in keyof P]: P[I] extends bigint ? number : P[I] }) => R
  : never;

type Functions = {
  readonly [Name in Exclude<keyof Symbols, "__errno_location">]: WithNumbers<Symbols[Name]>;
};

/** The functions, and what the last of them that failed on this thread failed with. */
export interface Libc extends Functions {
  errno(): number;
}

/**
 * Opens the system's libc.
 *
 * @throws the runtime's error when it can't be opened: no permission, no such library, or one
 * without a symbol of the table
 */
export function openLibc(): Libc {
  let failure: unknown;
  for (const name of libcNames(Deno.build.arch)) {
    try {
      return withErrno(Deno.dlopen(name, SYMBOLS).symbols);
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) throw error;
      failure ??= error;
    }
  }
  throw failure;
}

function withErrno({ __errno_location, ...symbols }: Symbols): Libc {
  // Each thread has its own errno, at an address that stays: it is asked for once.
  const location = __errno_location();
  if (location === null) throw new Error("Cannot find errno");
  const value = new Int32Array(Deno.UnsafePointerView.getArrayBuffer(location, 4));
  return { ...symbols as unknown as Functions, errno: () => value[0] ?? 0 };
}
