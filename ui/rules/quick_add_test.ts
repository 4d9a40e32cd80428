import assert from "node:assert/strict";
import fc from "fast-check";
import { parseQuickAdd, type QuickRule } from "./quick_add.ts";

function read(text: string): QuickRule {
  const result = parseQuickAdd(text);
  assert.ok(result.ok, text);
  return result.rule;
}

Deno.test("parseQuickAdd() reads client, ports and target, however they are written", () => {
  for (
    const text of [
      "edge1 :8080 -> 10.0.0.5:80",
      "edge1 8080 → 10.0.0.5:80",
      "edge1:8080 => 10.0.0.5:80",
      ":8080 edge1->10.0.0.5:80",
      "edge1 tcp/8080 to 10.0.0.5:80/tcp",
    ]
  ) {
    const { clientName, fields } = read(text);
    assert.equal(clientName, "edge1", text);
    assert.deepEqual(
      [fields.listenStart, fields.listenEnd, fields.protocol, fields.isMulti],
      ["8080", "", "tcp", false],
      text,
    );
    const target = { host: "10.0.0.5", port: "80", priority: "0", proxy: "" };
    assert.deepEqual(fields.targets, [target], text);
  }
});

Deno.test("parseQuickAdd() gives a range as many target ports", () => {
  const { fields } = read("8000-8010 → 10.0.0.5:9000/udp");
  assert.deepEqual(
    [fields.listenStart, fields.listenEnd, fields.targetEnd, fields.protocol],
    ["8000", "8010", "9010", "udp"],
  );
  assert.equal(read("8000-8010 -> a:9000-9020").fields.targetEnd, "9020", "as it was said");
});

Deno.test("parseQuickAdd() reads several targets and what else a rule has", () => {
  const { fields } = read(
    "443 -> a:1, [::1]:2@7 sni=*.Example.com proxy=v2 check=10s in=10MB/s rate=50/s max=100 ipv6",
  );
  assert.deepEqual(fields.targets, [
    { host: "a", port: "1", priority: "0", proxy: "v2" },
    { host: "[::1]", port: "2", priority: "7", proxy: "v2" },
  ]);
  assert.equal(fields.isMulti, true);
  assert.equal(fields.sni, "*.example.com");
  assert.equal(fields.interval, "10");
  assert.equal(fields.preferIpv6, true);
  assert.equal(fields.caps.bandwidth_in_bps, "10MB/s");
  assert.equal(fields.caps.new_connections_per_sec, "50");
  assert.equal(fields.caps.concurrent_connections, "100");
});

Deno.test("parseQuickAdd() knows the forwards of ssh", () => {
  for (
    const text of ["ssh -L 8080:db:5432 me@host", "-L8080:db:5432", "-N -L 0.0.0.0:8080:db:5432"]
  ) {
    const { fields } = read(text);
    assert.equal(fields.listenStart, "8080", text);
    assert.deepEqual(fields.targets[0]?.host, "db", text);
    assert.deepEqual(fields.targets[0]?.port, "5432", text);
  }
  assert.equal(read("-L 1:[::1]:2").fields.targets[0]?.host, "[::1]");
});

Deno.test("parseQuickAdd() names the word that means nothing", () => {
  for (
    const [text, word] of [
      ["edge1 8080", ""],
      ["edge1 8080 -> nowhere", "nowhere"],
      ["edge1 here 8080 -> a:1", "here"],
      ["edge1 -> a:1", "edge1"],
      ["80 -> a:1 fast", "fast"],
      ["80 -> a:1 color=red", "color=red"],
      ["80 -> a:1 proxy=v3", "proxy=v3"],
      ["ssh -L 80:db", "80:db"],
      ["80 -> a:1 -> b:2", "b:2"],
    ] as const
  ) {
    assert.deepEqual(parseQuickAdd(text), { ok: false, word }, text);
  }
});

Deno.test("parseQuickAdd() takes any text", () => {
  fc.assert(fc.property(fc.string(), (text) => void parseQuickAdd(text)));
  const pieces = fc.constantFrom(
    "edge",
    ":80",
    "80-90",
    "->",
    "a:1",
    ",",
    "-L",
    "sni=",
    "udp",
    "[",
  );
  fc.assert(fc.property(fc.array(pieces), (words) => void parseQuickAdd(words.join(" "))));
});
