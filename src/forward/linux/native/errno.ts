/**
 * What system calls fail with.
 *
 * @module
 */

/** Numbers of `<errno.h>`, as they are on x86-64 and aarch64. */
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  EINTR: 4,
  EIO: 5,
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EEXIST: 17,
  EINVAL: 22,
  ENFILE: 23,
  EMFILE: 24,
  EPIPE: 32,
  ENOSYS: 38,
  EMSGSIZE: 90,
  EPROTONOSUPPORT: 93,
  EOPNOTSUPP: 95,
  EAFNOSUPPORT: 97,
  EADDRINUSE: 98,
  EADDRNOTAVAIL: 99,
  ENETUNREACH: 101,
  ECONNABORTED: 103,
  ECONNRESET: 104,
  ENOBUFS: 105,
  ENOTCONN: 107,
  ETIMEDOUT: 110,
  ECONNREFUSED: 111,
  EHOSTUNREACH: 113,
  EALREADY: 114,
  EINPROGRESS: 115,
} as const;

const TEXTS: Readonly<Record<keyof typeof ERRNO, string>> = {
  ENOENT: "No such file or directory",
  EPERM: "Operation not permitted",
  EINTR: "Interrupted system call",
  EIO: "Input/output error",
  EBADF: "Bad file descriptor",
  EAGAIN: "Resource temporarily unavailable",
  ENOMEM: "Cannot allocate memory",
  EACCES: "Permission denied",
  EEXIST: "File exists",
  EINVAL: "Invalid argument",
  ENFILE: "Too many open files in system",
  EMFILE: "Too many open files",
  EPIPE: "Broken pipe",
  ENOSYS: "Function not implemented",
  EMSGSIZE: "Message too long",
  EPROTONOSUPPORT: "Protocol not supported",
  EOPNOTSUPP: "Operation not supported",
  EAFNOSUPPORT: "Address family not supported by protocol",
  EADDRINUSE: "Address already in use",
  EADDRNOTAVAIL: "Cannot assign requested address",
  ENETUNREACH: "Network is unreachable",
  ECONNABORTED: "Software caused connection abort",
  ECONNRESET: "Connection reset by peer",
  ENOBUFS: "No buffer space available",
  ENOTCONN: "Transport endpoint is not connected",
  ETIMEDOUT: "Connection timed out",
  ECONNREFUSED: "Connection refused",
  EHOSTUNREACH: "No route to host",
  EALREADY: "Operation already in progress",
  EINPROGRESS: "Operation now in progress",
};

const NAMES = new Map<number, keyof typeof ERRNO>(
  (Object.keys(ERRNO) as (keyof typeof ERRNO)[]).map((name) => [ERRNO[name], name]),
);

/** The name of an errno, where it is one of {@linkcode ERRNO}. */
export function errnoName(errno: number): string | undefined {
  return NAMES.get(errno);
}

/** A system call failed. `code` names the errno, as in the errors of the runtime. */
export class SystemError extends Error {
  override readonly name = "SystemError";
  readonly code: string;

  constructor(readonly errno: number) {
    const name = NAMES.get(errno);
    super(`${name === undefined ? "System error" : TEXTS[name]} (os error ${errno})`);
    this.code = name ?? `E${errno}`;
  }
}
