/**
 * The rows of the scoreboard.
 *
 * @module
 */

import { cpuSeconds } from "../proc.ts";
import { idleCpu, kibPerIdlePair } from "./idle.ts";
import { type Delivered, type HttpLoad, type Iperf, iperf, requestsAtRate, wrk } from "./loads.ts";
import { CAP_BYTES_PER_SEC, type Peer } from "./peers.ts";
import { SERVER_NAME } from "./services.ts";

/** What a round found out, by name of the metric. */
export type Sample = Readonly<Record<string, number>>;

export interface Workload {
  readonly name: string;
  /** Whose numbers the others are divided by. */
  readonly base: string;
  /** Each sample is of a relay that has just been started: of these, with rules that nobody uses. */
  readonly fresh?: { readonly peers: readonly string[]; readonly unusedRules?: number };
  /** `null` where the relay can't do it. */
  run(peer: Peer, seconds: number): Promise<Sample> | null;
}

/** Takes the CPU time of `peer` while `work` runs. */
async function costing<T>(
  peer: Peer,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly cpu: number }> {
  const total = () => peer.pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
  const before = total();
  const result = await work();
  return { result, cpu: total() - before };
}

/** `direct` has no relay whose time could count. */
const perUnit = ({ pids }: Peer, name: string, value: number): Sample =>
  pids.length === 0 ? {} : { [name]: value };

const gigabits = ({ bytes, seconds }: Delivered) => bytes * 8 / seconds / 1e9;

function streams(name: string, options: Pick<Iperf, "streams" | "reverse">): Workload {
  return {
    name,
    base: "haproxy",
    run(peer, seconds) {
      const port = peer.ports.iperf;
      return port === undefined ? null : measure(peer, { ...options, port, seconds });
    },
  };
}

async function measure(peer: Peer, load: Iperf): Promise<Sample> {
  const { result, cpu } = await costing(peer, () => iperf(load));
  return {
    "Gbit/s": gigabits(result),
    ...perUnit(peer, "CPU s/GB", cpu / (result.bytes / 1e9)),
  };
}

function requests(
  name: string,
  service: "http" | "tls",
  load: Pick<HttpLoad, "close">,
): Workload {
  return {
    name,
    base: "haproxy",
    run(peer, seconds) {
      const port = peer.ports[service];
      if (port === undefined) return null;
      const url = service === "tls"
        ? `https://${SERVER_NAME}:${port}/`
        : `http://127.0.0.1:${port}/`;
      return measureHttp(peer, { ...load, url, seconds });
    },
  };
}

async function measureHttp(peer: Peer, load: HttpLoad): Promise<Sample> {
  const { result, cpu } = await costing(peer, () => wrk(load));
  if (result.errors > result.requests / 100) {
    throw new Error(`${peer.name}: ${result.errors} of ${result.requests} requests failed`);
  }
  return {
    "per s": result.requests / result.seconds,
    "p99 ms": result.p99Ms,
    ...perUnit(peer, "CPU µs each", cpu * 1e6 / result.requests),
  };
}

function datagrams(bytes: number): Workload {
  return {
    name: `UDP, ${bytes} B`,
    base: "nginx",
    run(peer, seconds) {
      const port = peer.ports.iperf;
      if (port === undefined || !peer.udp) return null;
      return measureDatagrams(peer, { port, seconds, datagram: bytes });
    },
  };
}

async function measureDatagrams(peer: Peer, load: Iperf): Promise<Sample> {
  const { result, cpu } = await costing(peer, () => iperf(load));
  return {
    "per s": result.datagrams / result.seconds,
    ...perUnit(peer, "per CPU s", result.datagrams / cpu),
  };
}

/** Against the same rate without a cap, which iperf3 keeps by itself. */
const capped: Workload = {
  name: "100 Mbit/s cap",
  base: "portable",
  run(peer, seconds) {
    const { capped: port, iperf: open } = peer.ports;
    if (port === undefined || open === undefined) return null;
    return measureCap(peer, { port, open, seconds: Math.max(seconds, 2) });
  },
};

async function measureCap(
  peer: Peer,
  { port, open, seconds }: {
    readonly port: number;
    readonly open: number;
    readonly seconds: number;
  },
): Promise<Sample> {
  const limited = await costing(peer, () => iperf({ port, seconds }));
  const rate = `${CAP_BYTES_PER_SEC * 8}`;
  const free = await costing(peer, () => iperf({ port: open, seconds, rate }));
  // The first second's worth is the burst, which is not part of the rate.
  const bytes = limited.result.bytes - CAP_BYTES_PER_SEC;
  return {
    "% of the cap": bytes / limited.result.seconds / CAP_BYTES_PER_SEC * 100,
    "CPU of uncapped": limited.cpu / free.cpu * free.result.bytes / limited.result.bytes,
  };
}

/** Requests per second of {@linkcode fixedRate}. */
const RATE = 5_000;

const fixedRate: Workload = {
  name: "5,000 requests/s",
  base: "haproxy",
  run(peer, seconds) {
    const port = peer.ports.http;
    return port === undefined ? null : measureRate(peer, port, seconds);
  },
};

async function measureRate(peer: Peer, port: number, seconds: number): Promise<Sample> {
  const { result, cpu } = await costing(peer, () => requestsAtRate({ port, rate: RATE, seconds }));
  if (result.unanswered > 0) throw new Error(`${peer.name}: ${result.unanswered} unanswered`);
  return {
    "p50 µs": result.p50Us,
    "p99 µs": result.p99Us,
    ...perUnit(peer, "CPU µs each", cpu * 1e6 / result.answered),
  };
}

const idlePairs: Workload = {
  name: "9,000 idle connections",
  base: "haproxy",
  fresh: { peers: ["haproxy", "nginx", "portable", "linux"] },
  async run(peer) {
    return { "KiB each": await kibPerIdlePair(peer, peer.ports.http ?? 0) };
  },
};

const idleRules: Workload = {
  name: "1,000 idle rules",
  base: "portable",
  fresh: { peers: ["portable", "linux"], unusedRules: 1_000 },
  async run(peer, seconds) {
    return { "CPU ms/s": await idleCpu(peer, seconds) };
  },
};

export const WORKLOADS: readonly Workload[] = [
  streams("1 stream in", { streams: 1 }),
  streams("1 stream out", { streams: 1, reverse: true }),
  streams("8 streams in", { streams: 8 }),
  streams("8 streams out", { streams: 8, reverse: true }),
  requests("HTTP keep-alive", "http", {}),
  requests("HTTP, connection each", "http", { close: true }),
  fixedRate,
  requests("TLS by name, connection each", "tls", { close: true }),
  datagrams(64),
  datagrams(1_200),
  capped,
  idlePairs,
  idleRules,
];
