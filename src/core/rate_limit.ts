/**
 * Caps on bandwidth, connection rate and concurrency, per rule or per owner.
 *
 * @module
 */

/** A set of caps; an absent member is uncapped. Bandwidth is in bytes per second, bursts in tokens. */
export interface RateLimit {
  readonly bandwidthInBps?: bigint;
  readonly bandwidthOutBps?: bigint;
  readonly newConnectionsPerSec?: number;
  readonly concurrentConnections?: number;
  readonly bandwidthInBurst?: bigint;
  readonly bandwidthOutBurst?: bigint;
  readonly newConnectionsBurst?: number;
}
