/**
 * Answers to HTTP-01 challenges, while they are asked for (RFC 8555 §8.3).
 *
 * @module
 */

import type { ChallengeResponder } from "../certificate.ts";

export class Challenges implements ChallengeResponder {
  readonly #answers = new Map<string, string>();

  /** Challenges that are answered right now. */
  get size(): number {
    return this.#answers.size;
  }

  /** Answers `token` with `keyAuthorization` until disposed of. */
  offer(token: string, keyAuthorization: string): Disposable {
    this.#answers.set(token, keyAuthorization);
    return { [Symbol.dispose]: () => this.#answers.delete(token) };
  }

  respond(token: string): string | undefined {
    return this.#answers.get(token);
  }
}
