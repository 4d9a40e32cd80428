/**
 * Bounds of publishing, the unit last in the name; all others are in `limits.ts`.
 *
 * @module
 */

/** Logins on protected hosts. */
export const PUBLISH_ACCESS = {
  /** From the first redirect to the end of the login. */
  loginSecs: 600,
  /** A code goes straight from one page to the next. */
  codeTtlSecs: 60,
  codesMax: 10_000,
  codesPerUserMax: 32,
  sessionAbsoluteSecs: 12 * 3_600,
  sessionIdleSecs: 2 * 3_600,
  /** How often the use of a session is noted in its cookie. */
  sessionRenewSecs: 60,
  /** Sessions ended by hand that are remembered, until they would have ended anyway. */
  endedSessionsMax: 10_000,
  /** How old what is known of a user may be. */
  recheckSecs: 30,
  visitorsMax: 10_000,
  /** An address to come back to. */
  targetMaxChars: 2_048,
  cookieMaxChars: 2_048,
} as const;

/** The Web ingress. */
export const INGRESS = {
  connectionsMax: 9_500,
  connectionsPerPeerMax: 2_048,
  requestLineMaxBytes: 8 * 1024,
  /** Request line and fields together. */
  headMaxBytes: 32 * 1024,
  fieldsMax: 100,
  /** A chunk's size with its extensions. */
  chunkLineMaxBytes: 256,
  trailersMaxBytes: 8 * 1024,
  /** From the beginning of a connection, or the first byte of a request, to the end of its head. */
  headTimeoutMs: 10_000,
  /** Between an answer and the next request. */
  idleTimeoutMs: 65_000,
  /** How long a client may take nothing of an answer, or send nothing of a body it announced. */
  stalledTimeoutMs: 60_000,
  /** How long a connection that ends waits for its client to read what was said last. */
  lingerMs: 2_000,
  connectTimeoutMs: 10_000,
  /** How long an upstream may take to begin its answer. */
  answerTimeoutMs: 600_000,
  /** How long WebSockets and answers under way may be silent. */
  streamIdleMs: 24 * 3_600_000,
  /** How often deadlines are looked at, and so how much later than said they come. */
  deadlineIntervalMs: 1_000,
  /** Connections without a request that are kept for one upstream, and how long. */
  idleUpstreamsMax: 64,
  idleUpstreamMs: 60_000,
  /** What a connection reads into while it waits, and while much comes. */
  waitBufferBytes: 1024,
  upstreamBufferBytes: 8 * 1024,
  largeBufferBytes: 64 * 1024,
  /** Large buffers that are kept for others. */
  largeBuffersKept: 64,
  warnIntervalMs: 60_000,
} as const;

/** Static sites. */
export const SITES = {
  pathMaxBytes: 500,
  nameMaxBytes: 255,
  /** Files and directories of a site. */
  entriesMax: 20_000,
  /** Files of one upload. */
  filesPerUploadMax: 1_000,
  /** What is read of a file at a time. */
  chunkBytes: 64 * 1024,
} as const;

/** Requests to a certificate authority (RFC 8555). */
export const ACME = {
  requestTimeoutMs: 30_000,
  answerMaxChars: 256 * 1024,
  /** What is kept of a refusal. */
  errorMaxChars: 500,
  retryAfterMaxMs: 30 * 86_400_000,
  /** How often a request is sent whose nonce the authority does not know. */
  nonceAttemptsMax: 10,
  noncesMax: 16,
  /** Between two looks at something that is not ready yet: doubles up to the most. */
  pollFirstMs: 250,
  pollMaxMs: 8_000,
  pollTimeoutMs: 300_000,
} as const;

/** Certificates of published hosts. */
export const CERTIFICATES = {
  /** How long a certificate has to be good for, so that none is issued … */
  skipMs: 86_400_000,
  /** … and below which it is renewed; both at most a third of its life. */
  renewMs: 30 * 86_400_000,
  /** How often all are looked at, less up to the jitter. */
  checkIntervalMs: 12 * 3_600_000,
  checkJitterMs: 3_600_000,
  /** After a failure: doubles up to the most, and up to a tenth more. */
  retryFirstMs: 3_600_000,
  retryMaxMs: 86_400_000,
  /** How long a rate limit that one host met keeps the others waiting, at most. */
  holdMaxMs: 3_600_000,
} as const;

/** Offers of accounts. */
export const INVITATION = {
  daysDefault: 7,
  daysMax: 30,
  /** How long one that is over is still listed. */
  keepDays: 90,
} as const;
