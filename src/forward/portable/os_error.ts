/**
 * The errno behind what the runtime throws.
 *
 * @module
 */

/** The name of the errno behind an error of the runtime; `undefined` for any other error. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}

/**
 * What an error says of a UDP socket that talks to one peer.
 *
 * - `unreachable`: the peer, or the way to it, is gone; an ICMP error said so
 * - `too_big`: this datagram can't be sent; the next one may
 * - `would_block`: there was no room for this datagram
 * - `other`: nothing about the peer
 */
export type DatagramProblem = "unreachable" | "too_big" | "would_block" | "other";

/** The problem behind the errno called `code`. */
export function datagramProblem(code: string | undefined): DatagramProblem {
  switch (code) {
    case "ECONNREFUSED":
    case "ECONNRESET":
    case "ECONNABORTED":
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return "unreachable";
    case "EMSGSIZE":
      return "too_big";
    case "EAGAIN":
    case "EWOULDBLOCK":
    case "ENOBUFS":
      return "would_block";
    default:
      return "other";
  }
}
