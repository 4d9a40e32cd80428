import assert from "node:assert/strict";
import { parseIperf, parseWrk } from "./loads.ts";

Deno.test("parseIperf() tells what arrived", () => {
  const tcp = { end: { sum_received: { bytes: 1_000, seconds: 2 }, sum_sent: { bytes: 1_100 } } };
  assert.deepEqual(parseIperf(JSON.stringify(tcp)), { bytes: 1_000, seconds: 2, datagrams: 0 });
  const udp = { end: { sum: { bytes: 1_000, seconds: 2, packets: 10, lost_packets: 4 } } };
  assert.deepEqual(parseIperf(JSON.stringify(udp)), { bytes: 600, seconds: 2, datagrams: 6 });
});

Deno.test("parseWrk() reads rates, latencies and errors", () => {
  const text = `Running 2s test @ http://127.0.0.1:8000/
  1 threads and 32 connections
  Latency Distribution
     50%  300.00us
     99%    1.25ms
  180000 requests in 2.00s, 25.00MB read
  Socket errors: connect 0, read 3, write 0, timeout 1
Requests/sec:  90000.00
`;
  assert.deepEqual(parseWrk(text), { requests: 180_000, seconds: 2, errors: 4, p99Ms: 1.25 });
  assert.throws(() => parseWrk("unable to connect"), /Cannot read wrk/);
});
