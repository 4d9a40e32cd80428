/**
 * What is sent through a relay, and what the programs that send it say.
 *
 * @module
 */

import type { Latencies } from "./open_loop.ts";
import { run } from "./tools.ts";

export interface Iperf {
  readonly port: number;
  readonly seconds: number;
  readonly streams?: number;
  /** From the target to the outside. */
  readonly reverse?: boolean;
  /** Bytes of each datagram; TCP without it. */
  readonly datagram?: number;
  /** Bits per second, as iperf3 writes it; as much as goes without it. */
  readonly rate?: string;
}

/** What arrived. */
export interface Delivered {
  readonly bytes: number;
  readonly seconds: number;
  /** Of UDP only. */
  readonly datagrams: number;
}

/** iperf3's server takes one test at a time, and a moment until it is ready for the next. */
const IPERF_TRIES = 5;

/** iperf3(1) against its server, through a relay on `port` or directly. */
export async function iperf(load: Iperf): Promise<Delivered> {
  for (let tries = 1;; tries++) {
    try {
      return parseIperf(await run("iperf3", ...iperfArguments(load)));
    } catch (error) {
      if (tries === IPERF_TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200 * tries));
    }
  }
}

function iperfArguments(
  { port, seconds, streams = 1, reverse, datagram, rate = "0" }: Iperf,
): string[] {
  return [
    ...["--client", "127.0.0.1", "--port", `${port}`, "--time", `${seconds}`],
    ...["--parallel", `${streams}`, "--bitrate", rate, "--json"],
    ...(reverse ? ["--reverse"] : []),
    ...(datagram === undefined ? [] : ["--udp", "--length", `${datagram}`]),
  ];
}

interface IperfSum {
  readonly bytes: number;
  readonly seconds: number;
  readonly packets?: number;
  readonly lost_packets?: number;
}

/** Reads iperf3's JSON: of TCP what was received, of UDP what was sent less what was lost. */
export function parseIperf(text: string): Delivered {
  const { end, error } = JSON.parse(text) as {
    readonly end: { readonly sum_received?: IperfSum; readonly sum?: IperfSum };
    readonly error?: string;
  };
  const sum = end.sum?.packets === undefined ? end.sum_received : end.sum;
  if (sum === undefined) throw new Error(`iperf3: ${error ?? "nothing was received"}`);
  const { bytes, seconds, packets = 0, lost_packets = 0 } = sum;
  const share = packets === 0 ? 1 : 1 - lost_packets / packets;
  return { bytes: bytes * share, seconds, datagrams: packets - lost_packets };
}

export interface HttpLoad {
  readonly url: string;
  readonly seconds: number;
  /** A new connection for each request. */
  readonly close?: boolean;
}

export interface HttpResult {
  readonly requests: number;
  readonly seconds: number;
  /** Requests that failed, or were answered with an error. */
  readonly errors: number;
  readonly p99Ms: number;
}

/** wrk(1) with 32 connections in one thread. */
export async function wrk({ url, seconds, close }: HttpLoad): Promise<HttpResult> {
  return parseWrk(
    await run(
      "wrk",
      "--connections",
      "32",
      "--threads",
      "1",
      "--duration",
      `${seconds}s`,
      "--latency",
      ...(close ? ["--header", "Connection: close"] : []),
      url,
    ),
  );
}

/** Requests at a fixed rate, on time whatever the answers do; see `open_loop.ts`. */
export async function requestsAtRate(
  { port, rate, seconds }: {
    readonly port: number;
    readonly rate: number;
    readonly seconds: number;
  },
): Promise<Latencies> {
  const program = new URL("./open_loop.ts", import.meta.url).pathname;
  const args = [port, rate, seconds].map(String);
  return JSON.parse(await run(Deno.execPath(), "run", "-A", "--no-check", program, ...args));
}

const UNIT_MS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1_000, m: 60_000 };

/** Reads what wrk prints for people; it has no other form. */
export function parseWrk(text: string): HttpResult {
  const [, requests, seconds] = /^\s*(\d+) requests in ([\d.]+)s/m.exec(text) ?? [];
  const [, p99, unit = "ms"] = /^\s*99%\s+([\d.]+)(us|ms|s|m)\s*$/m.exec(text) ?? [];
  if (requests === undefined || p99 === undefined) throw new Error(`Cannot read wrk: ${text}`);
  const errors = [
    /Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1],
    ...(/connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text)?.slice(1) ?? []),
  ].reduce((sum, count) => sum + Number(count ?? 0), 0);
  return {
    requests: Number(requests),
    seconds: Number(seconds),
    errors,
    p99Ms: Number(p99) * (UNIT_MS[unit] ?? 1),
  };
}
