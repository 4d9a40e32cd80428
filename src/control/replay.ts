import type { Session } from "./session.ts";

/** Something that a client is told anew whenever it connects. */
export interface ReplaySource {
  /**
   * Sends it on `session`, which is welcomed, as it is at that moment. `false` when the session
   * ended meanwhile.
   */
  replay(session: Session): Promise<boolean>;
}
