/**
 * What the ingress counts. Hosts are those of routes, so their number is bounded.
 *
 * @module
 */

import { Family, type Row, rowOf } from "./family.ts";

/** What can go wrong with an upstream. */
export const UPSTREAM_PROBLEMS = [
  "connect",
  "connect_timeout",
  "answer_timeout",
  "broken",
] as const;
export type UpstreamProblem = typeof UPSTREAM_PROBLEMS[number];

const CODES = ["1xx", "2xx", "3xx", "4xx", "5xx", "none"];

/** Requests to hosts that are not published here. */
const NO_HOST = "";

export class IngressMetrics {
  readonly #requests = new Family("publish_requests_total", {
    type: "counter",
    help: "Requests to published hosts, by the class of their answer; none for those without one.",
  });
  readonly #failures = new Family("publish_upstream_failures_total", {
    type: "counter",
    help: "Requests that an upstream did not answer, or not properly.",
  });
  readonly #connections = new Family("publish_connections_active", {
    type: "gauge",
    help: "Open connections of the Web ingress.",
  });

  readonly families: readonly Family[] = [this.#requests, this.#failures, this.#connections];

  /** The rows of requests by host and class of answer: put together once, used for each request. */
  readonly #rows = new Map<string, Map<string, Row>>();

  /** @param host of the route; `null` without one. @param status `null` without an answer */
  answered(host: string | null, status: number | null): void {
    const code = status === null ? "none" : `${Math.floor(status / 100)}xx`;
    this.#requests.add(this.#rowOf(host ?? NO_HOST, code), 1n);
  }

  #rowOf(host: string, code: string): Row {
    const rows = this.#rows.get(host) ?? new Map<string, Row>();
    const row = rows.get(code) ?? rowOf({ host, code });
    this.#rows.set(host, rows.set(code, row));
    return row;
  }

  upstreamFailed(host: string, problem: UpstreamProblem): void {
    this.#failures.add(rowOf({ host, problem }), 1n);
  }

  setConnections(listener: "http" | "https", count: number): void {
    this.#connections.set(rowOf({ listener }), count);
  }

  /** Forgets a host that is published no more. */
  forget(host: string): void {
    this.#rows.delete(host);
    for (const code of CODES) {
      this.#requests.delete(rowOf({ host, code }));
    }
    for (const problem of UPSTREAM_PROBLEMS) {
      this.#failures.delete(rowOf({ host, problem }));
    }
  }
}
