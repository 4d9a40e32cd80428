/**
 * What this server has that others do not. The page itself says so, hence it is known from the
 * start, and nothing is asked of a server that would refuse it.
 *
 * @module
 */

/** Whether the server publishes host names: `[publish]` is in its configuration. */
export const publishes: boolean =
  globalThis.document?.documentElement.hasAttribute("data-publish") ?? false;
