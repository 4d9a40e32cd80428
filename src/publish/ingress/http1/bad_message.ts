/**
 * A message that is not HTTP/1.1 as this ingress takes it, or that is more than it takes.
 *
 * Towards a client `status` is the answer; whatever an upstream gets wrong is a 502. Either way
 * the connection ends: nobody can say where the next message would begin.
 */
export class BadMessage extends Error {
  override readonly name = "BadMessage";

  /** @param message what is wrong, without anything that the peer sent */
  constructor(readonly status: number, message: string) {
    super(message);
  }
}
