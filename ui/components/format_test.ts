import assert from "node:assert/strict";
import { formatBytes, formatCountdown, formatPorts, formatRate, shortId } from "./format.ts";

Deno.test("formatBytes() counts in steps of 1024", () => {
  const cases = { 0: "0 B", 1023: "1023 B", 1536: "1.5 KiB", 1073741824: "1.00 GiB" };
  for (const [bytes, text] of Object.entries(cases)) assert.equal(formatBytes(Number(bytes)), text);
  assert.equal(formatBytes(-1), "—");
  assert.equal(formatBytes(NaN), "—");
  assert.equal(formatRate(2048), "2.0 KiB/s");
});

Deno.test("formatPorts() shows a range only where there is one", () => {
  assert.equal(formatPorts(80), "80");
  assert.equal(formatPorts(80, 80), "80");
  assert.equal(formatPorts(80, 89), "80–89");
});

Deno.test("formatCountdown() and shortId()", () => {
  assert.equal(formatCountdown(61_000), "1:01");
  assert.equal(formatCountdown(-5), "0:00");
  assert.equal(shortId("01JABCDEFGHJKMNPQRSTVWXYZ0"), "01JA…XYZ0");
  assert.equal(shortId("alice"), "alice");
});
