/**
 * How a replay is recognised on the wire.
 *
 * @module
 */

/** Request ids of replayed rules begin with this. */
export const REPLAY_REQUEST_PREFIX = "replay-";

/**
 * Response header of `Channel` that announces how many rules the replay has. An addition to
 * 3.1.0, whose peers ignore it: metadata, not a message, so every message stays byte for byte.
 */
export const REPLAY_COUNT_HEADER = "portunus-replay-rules";
