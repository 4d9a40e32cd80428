/**
 * Every bound of the system in one place; the unit comes last in the name.
 *
 * @module
 */

/** Limits of names and secrets. */
export const NAMES = {
  clientNameMaxBytes: 255,
  displayNameMaxBytes: 64,
  credentialLabelMaxBytes: 1_024,
  bearerMaxBytes: 256,
  hostnameMaxChars: 253,
  labelMaxChars: 63,
  authorityMaxChars: 263,
  hostHeaderMaxChars: 255,
} as const;

/** Limits of rules. */
export const RULES = {
  targetsMax: 8,
  healthCheckIntervalMaxSecs: 3600,
  rangeMaxPortsDefault: 1024,
  ackTimeoutDefaultSecs: 2,
  /** A client that answers later than this is gone for the operator who waits. */
  ackTimeoutMaxSecs: 300,
} as const;

/** Limits of a control session. */
export const SESSION = {
  /** Messages waiting to be sent to one client; producers wait when it is full. */
  serverOutboundMax: 32,
  clientOutboundMax: 16,
  /** From the lookup of the server's name to the end of the TLS handshake. */
  dialTimeoutSecs: 20,
  welcomeTimeoutSecs: 10,
} as const;

/** Connections to the control listener. */
export const CONTROL_CONNECTIONS = {
  connectionsMax: 4_096,
  connectionsPerPeerMax: 1_024,
  /** From the beginning of a connection to the end of its TLS handshake. */
  handshakeTimeoutMs: 10_000,
  /** How long a connection may be without a session or a call that was let in. */
  unusedTimeoutMs: 10_000,
} as const;

/** Certificates. */
export const TLS_FILES = {
  /** How often they are looked at, for a renewal. */
  checkIntervalMs: 10_000,
} as const;

/** Control connections whose other end keeps silent: gone after 30 s at the latest. */
export const KEEP_ALIVE = {
  /** Whoever was silent for this long is asked for a sign of life at every look. */
  pingAfterMs: 10_000,
  deadMs: 24_000,
  checkIntervalMs: 5_000,
} as const;

/** Enrollment codes. */
export const ENROLLMENT = {
  ttlDefaultSecs: 600,
  ttlMaxSecs: 86_400,
  /** Rows stay this long after they were used or expired, so that reuse gets an exact answer. */
  keepSecs: 86_400,
} as const;

/** Passwords of operators. */
export const PASSWORD = {
  minChars: 12,
  maxBytes: 1_024,
  /** Passwords waiting to be hashed or checked; more are refused. */
  waitingMax: 128,
} as const;

/** One-time codes of authenticator apps. */
export const TOTP = {
  secretBytes: 20,
  digits: 6,
  stepSecs: 30,
  /** Steps before and after the current one whose codes count, too. */
  windowSteps: 1,
} as const;

/** Web sessions. */
export const WEB_SESSION = {
  absoluteSecs: 7 * 86_400,
  idleSecs: 8 * 3_600,
  userAgentMaxChars: 512,
} as const;

/** Failed logins, onboardings and password resets, per subject and remote address. */
export const THROTTLE = {
  failuresMax: 5,
  /** After this long without a failure, earlier ones are forgotten. */
  forgetSecs: 900,
  lockSecs: 60,
  lockMaxSecs: 900,
} as const;

/** Accounts in a database that several servers share. */
export const SHARED_IDENTITY = {
  connectionsDefault: 10,
  timeoutMs: 30_000,
  startupTimeoutMs: 300_000,
  syncIntervalSecs: 60,
  /** Uses of a session or credential are written at most this often. */
  touchIntervalSecs: 60,
  /** Sessions and credentials whose last use is remembered between two writes. */
  touchesMax: 10_000,
  /** How often owners that another server removed are looked for. */
  sweepIntervalSecs: 60,
  /** How often a transaction that lost against another is tried. */
  attemptsMax: 5,
  /** Between two attempts to learn whether a commit took place. */
  commitCheckIntervalMs: 250,
  /** Queries under way at once that look up who is asking; who comes meanwhile shares the next. */
  lookupsMax: 2,
  /** Requests that share one. */
  lookupKeysMax: 32,
  /** One that takes longer counts as under way no more. */
  lookupSlowMs: 100,
  /** How long `/readyz` waits for the database. */
  probeTimeoutMs: 2_000,
} as const;

/** The operator HTTP API. */
export const HTTP = {
  bodyMaxBytes: 2 * 1024 * 1024,
} as const;

/** Connections to the HTTP listeners. Who is slower, or idle for longer, is cut. */
export const HTTP_CONNECTIONS = {
  connectionsMax: 4_096,
  connectionsPerPeerMax: 2_048,
  /** From the first byte of a request, or the beginning of the connection, to the end of its headers. */
  headersTimeoutMs: 10_000,
  /** From there to the end of its body, unless that is an upload. */
  requestTimeoutMs: 30_000,
  /** How long nothing may come of an upload; it may take any time in all. */
  uploadIdleTimeoutMs: 60_000,
  /** Between an answer and the next request. */
  idleTimeoutMs: 65_000,
  /** How long a peer may take nothing of what is sent to it. */
  stalledTimeoutMs: 30_000,
  /** How often slow requests are looked for. */
  checkIntervalMs: 1_000,
} as const;

/** The audit trail. */
export const AUDIT = {
  /** Entries that wait to be written; one more is dropped. */
  queueMax: 1_024,
  /** Entries of one transaction. */
  batchMax: 256,
  /** How long the first entry of a batch waits for others. */
  batchWindowMs: 100,
  /** What is kept of a path; the rest of a longer one tells nothing more. */
  pathMaxChars: 1_024,
  keepDays: 90,
  keepRowsMax: 50_000,
  /** Rows deleted at one turn of the event loop, and in one transaction. */
  deleteBatchMax: 2_000,
  sweepIntervalSecs: 3_600,
  pageDefault: 100,
  pageMax: 1_000,
} as const;

/** Traffic quotas. */
export const QUOTA = {
  /** Periods that are counted from an anchor: a thousand years. */
  periodsMax: 12_000,
  rolloverIntervalSecs: 60,
} as const;

/** What was forwarded, per user and client, by the minute and by the hour. */
export const TRAFFIC = {
  keepMinutesSecs: 7 * 86_400,
  keepHoursSecs: 90 * 86_400,
  /** Hours that one roll-up looks back. */
  rollUpHoursMax: 2_161,
  /** Roll-ups run this long after each full hour. */
  rollUpDelaySecs: 60,
  /** Old samples that are deleted without a pause. */
  deleteBatchMax: 1_000,
  /** A query of a longer span is answered by the hour unless it says otherwise. */
  minutesSpanMaxSecs: 86_400,
  /** Buckets of one answer. */
  bucketsMax: 10_000,
  /** Buckets that are read without a pause. */
  bucketsPerRead: 720,
} as const;

/** A server that stops. */
export const STOP = {
  /** How long requests and sessions may take to end. */
  graceDefaultSecs: 5,
  /** The same at the most: less than a supervisor waits before it kills. */
  graceMaxSecs: 55,
} as const;

/** Metrics. */
export const METRICS = {
  /** Rules that are gone, and as many listeners, whose totals can still be scraped. */
  retiredRowsMax: 256,
} as const;

/** Streams of server-sent events. */
export const EVENT_STREAMS = {
  /** Events that wait for one slow reader; the oldest goes first. */
  queueMax: 16,
  /** A stream that was silent for this long says so. */
  keepAliveSecs: 30,
  /** How often silence is looked for. */
  tickSecs: 5,
} as const;

/** Health of a rule's targets. */
export const FAILOVER = {
  /** A target fails with this many failures in a row … */
  failuresMax: 3,
  /** … of which the last comes at most this long after the first. */
  windowMs: 30_000,
  successesToRecover: 2,
  probeTimeoutMs: 5_000,
} as const;

/** Host names of targets. */
export const DNS = {
  lookupTimeoutMs: 3_000,
  /** How much longer than the family that answered first the other one is waited for. */
  secondFamilyMs: 500,
  /** An answer is kept as long as it says, within these. */
  ttlMinMs: 5_000,
  ttlMaxMs: 300_000,
  /** How long old addresses serve after a lookup that failed, until it is tried again. */
  staleGraceMs: 30_000,
  /** How long a failure is the answer. */
  negativeMs: 3_000,
  /** Lookups under way at a time. */
  lookupsMax: 64,
  namesMax: 8_192,
} as const;

/** The data plane. */
export const FORWARD = {
  dialTimeoutMs: 3_000,
  /** Threads of an engine that has any. */
  workersMax: 64,
  listenBacklog: 1_024,
  acceptRetryMs: 50,
  /** What is read at a time where bandwidth is capped, at least. */
  throttledChunkMinBytes: 8 * 1024,
  /** How long a throttled connection sleeps before it looks at its caps again. */
  throttleSleepMaxMs: 100,
  /** How long connections may take to end by themselves once a quota is used up. */
  exhaustedGraceMs: 1_000,
  /** How long a target may take to accept a PROXY header. */
  proxyHeaderTimeoutMs: 10_000,
  /** What connections of an engine read into while they move a lot; 64 MiB at the most. */
  largeBuffers: { bytes: 64 * 1024, lentMax: 1_024, plentyMax: 256, keptMax: 64 },
  /** What they wait with while there are few; more of them wait with a cell each. */
  mediumBuffers: { bytes: 4 * 1024, lentMax: Infinity, plentyMax: 1_024, keptMax: 256 },
  cellBytes: 256,
  drainTimeoutDefaultSecs: 30,
  /** Room for any datagram: 65,507 bytes is the largest over IPv4, 65,527 over IPv6. */
  udpPacketBytes: 64 * 1024,
  udpSlabPackets: 64,
  udpFlowsMaxDefault: 1_024,
  udpIdleSecsDefault: 60,
  /** Idle flows are looked for every quarter of the window, but not more often than this. */
  udpReaperMinMs: 25,
  /** Flows whose sources are heard by another process are over when nothing is replied for this long. */
  udpRetiredIdleMs: 4_000,
  /**
   * Datagrams of a flow that wait while its target is looked up; more are dropped. A new socket
   * takes a turn to get going: what may come meanwhile fits, too.
   */
  udpQueuedMax: 64,
  udpQueuedBytesMax: 64 * 1024,
  /** The same for all flows of a rule together. */
  udpQueuedRuleBytesMax: 16 * 1024 * 1024,
  /** Datagrams of a flow and direction whose sending waits for the system; more are dropped. */
  udpInFlightMax: 64,
  /** Datagrams that a socket receives before others get their turn. */
  udpBatchMax: 32,
  /** Sockets that a rule binds to single addresses of this host, beside those for all of them. */
  udpAddressSocketsMax: 1_024,
  /** Warnings of one kind that a rule logs in a second: each datagram or connection may cause one. */
  gatedWarningsPerSecMax: 10,
  /** Pause after a failed receive. */
  udpReceiveRetryMs: 50,
} as const;

/** Ports that TCP rules share by server name. */
export const SNI = {
  /** How long a client may take over its ClientHello, in milliseconds. */
  peekTimeoutMs: 3_000,
  peekMaxBytes: 64 * 1024,
  peekChunkBytes: 4 * 1024,
  /** Connections of one port whose ClientHello is being read; more are closed. */
  peeksMax: 1_024,
} as const;

/** Standalone mode. */
export const STANDALONE = {
  /** Times beyond what a timer can wait are cut to this. */
  timerMaxSecs: 2_000_000,
  refreshDefaultMs: 1_000,
  refreshMinMs: 250,
  refreshMaxMs: 5_000,
  /** Readers of the stats socket at a time. */
  statsClientsMax: 16,
  /** A reader that takes nothing for this long is cut. */
  statsWriteTimeoutMs: 5_000,
  /** A line of the stats socket, as its readers take it. */
  statsLineMaxBytes: 1024 * 1024,
  statsLogIntervalMs: 60_000,
  /** Editors write a file in several steps; it is read when they have been quiet for this long. */
  reloadDebounceMs: 250,
  /** Fewer descriptors than this deserve a warning. */
  descriptorsLow: 4_096,
  /** Connect probes of the dashboard. */
  probeIntervalMs: 2_000,
  probeTimeoutMs: 1_000,
} as const;

/** Publishing: host names, sites, the Web ingress. */
export const PUBLISH = {
  /** Host names in use, unless `server.toml` says another number … */
  hostsMax: 200,
  /** … which may be this one at the most: each name is a certificate in memory. */
  hostsCeiling: 10_000,
  siteMaxBytes: 500 * 1024 * 1024,
  fileMaxBytes: 50 * 1024 * 1024,
  descriptionMaxChars: 200,
  /** Leaves room for a label and its dot. */
  domainMaxChars: 189,
  emailMaxChars: 254,
  lookUpTimeoutMs: 10_000,
  /** How long the ingress may take to answer the server that it is a part of. */
  probeTimeoutMs: 10_000,
  /** Backing rules of `terminate` tunnels get ports from here up. */
  listenPortFrom: 20_000,
  acmeDirectory: "https://acme-v02.api.letsencrypt.org/directory",
} as const;
