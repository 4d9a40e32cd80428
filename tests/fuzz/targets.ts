/**
 * Everything that reads what others wrote, and what must hold for each.
 *
 * @module
 */

import assert from "node:assert/strict";
import { parseClientAddress, parseSocketAddress, parseTargetHost } from "../../src/core/address.ts";
import { BundleError, formatBundle, parseBundle } from "../../src/core/bundle.ts";
import { parseAuthority } from "../../src/core/endpoint.ts";
import {
  EnrollmentUriError,
  formatEnrollmentUri,
  parseEnrollmentUri,
} from "../../src/core/enrollment_uri.ts";
import { PortunusError } from "../../src/core/errors.ts";
import { parsePortSpec, splitHostPort, splitTargetSpec } from "../../src/core/port_spec.ts";
import { isPort } from "../../src/core/ports.ts";
import { matchesSni, parseSniPattern } from "../../src/core/sni.ts";
import { proxyHeader } from "../../src/forward/policy/proxy_header.ts";
import { peekClientHello } from "../../src/core/client_hello.ts";
import { parseServerConfig } from "../../src/server/config.ts";
import { parseConfig } from "../../src/standalone/config.ts";
import { ConfigError } from "../../src/rulefile/problems.ts";
import { requestHead, responseHead } from "./http_targets.ts";
import { decodeProxy } from "./proxy_decoder.ts";
import { asText, type FuzzTarget, orRefused } from "./target.ts";
import { messageFromBytes, ruleFromBytes } from "./wire_targets.ts";

/** A ClientHello is told by its first bytes; what comes after it changes nothing. */
function clientHello(input: Uint8Array): void {
  const peek = peekClientHello(input);
  assert.ok(["more", "hello", "not_tls", "malformed"].includes(peek.kind));
  if (peek.kind === "more") return;
  const longer = Uint8Array.from([...input, 0x16, 0, 0xff]);
  assert.deepEqual(peekClientHello(longer), peek);
  if (peek.kind !== "hello" || peek.serverName === null) return;
  assert.doesNotMatch(peek.serverName, /[A-Z]|\.$|^$/);
}

/** Two addresses and ports cut out of the input; a target reads what was meant. */
function proxy(input: Uint8Array): void {
  const bytes = new Uint8Array(40);
  bytes.set(input.subarray(0, 40));
  const [kind = 0] = bytes;
  const address = (at: number) =>
    (kind & 2) === 0
      ? { text: bytes.slice(at, at + 4).join("."), hex: bytes.slice(at, at + 4).toHex() }
      : { text: ipv6Text(bytes.slice(at, at + 16), kind), hex: bytes.slice(at, at + 16).toHex() };
  const [source, destination] = [address(1), address(17)];
  const [sourcePort = 0, destinationPort = 0] = new Uint16Array(bytes.buffer.slice(36, 40));
  const version = (kind & 1) === 0 ? "v1" : "v2";
  const header = proxyHeader(
    version,
    { host: source.text, port: sourcePort },
    { host: destination.text, port: destinationPort },
  );
  assert.deepEqual(decodeProxy(header), {
    version: version === "v1" ? 1 : 2,
    family: (kind & 2) === 0 ? 4 : 6,
    source: source.hex,
    destination: destination.hex,
    sourcePort,
    destinationPort,
  });
}

/** One of the many texts of an IPv6 address. */
function ipv6Text(bytes: Uint8Array, kind: number): string {
  const groups = (bytes.toHex().match(/..../g) ?? []).map((group) =>
    (kind & 4) === 0 ? group : group.replace(/^0{1,3}/, "")
  );
  return (kind & 8) === 0 ? groups.join(":") : groups.join(":").toUpperCase();
}

/** What a parser makes of its own output is that output. */
function settles(parse: (text: string) => string): (input: Uint8Array) => void {
  return (input) => {
    const once = orRefused(() => parse(asText(input)), PortunusError);
    if (once !== null) assert.equal(parse(once), once);
  };
}

function ports(input: Uint8Array): void {
  const text = asText(input);
  const range = orRefused(() => parsePortSpec(text), PortunusError);
  if (range !== null) {
    assert.ok(isPort(range.start) && isPort(range.end) && range.start <= range.end);
  }
  const target = orRefused(() => splitTargetSpec(text), PortunusError);
  if (target !== null) assert.ok(isPort(target.ports.start) && isPort(target.ports.end));
  const halves = splitHostPort(text);
  if (halves !== null) assert.equal(text, `${halves.host}:${halves.port}`);
}

function sni(input: Uint8Array): void {
  const [pattern = "", name = ""] = asText(input).split("|");
  const parsed = orRefused(() => parseSniPattern(pattern), PortunusError);
  if (parsed === null) return;
  assert.equal(parseSniPattern(parsed), parsed);
  const isWildcard = parsed.startsWith("*.");
  if (!isWildcard) assert.equal(matchesSni(parsed, name), name.toLowerCase() === parsed);
  else if (matchesSni(parsed, name)) assert.ok(name.toLowerCase().endsWith(parsed.slice(1)));
}

function endpoint(input: Uint8Array): void {
  const text = asText(input);
  orRefused(() => parseAuthority(text), PortunusError);
  const address = parseSocketAddress(text);
  if (address !== null) assert.ok(isPort(address.port) || address.port === 0);
}

function enrollmentUri(input: Uint8Array): void {
  const enrollment = orRefused(() => parseEnrollmentUri(asText(input)), EnrollmentUriError);
  if (enrollment === null) return;
  assert.deepEqual(parseEnrollmentUri(formatEnrollmentUri(enrollment)), enrollment);
}

function bundle(input: Uint8Array): void {
  const parsed = orRefused(() => parseBundle(asText(input)), BundleError);
  if (parsed !== null) assert.deepEqual(parseBundle(formatBundle(parsed)), parsed);
}

function standaloneToml(input: Uint8Array): void {
  const config = orRefused(() => parseConfig(asText(input)), ConfigError);
  if (config === null) return;
  assert.ok(config.rules.length > 0);
  for (const { spec } of config.rules) assert.ok(spec.listen.start <= spec.listen.end);
}

function serverToml(input: Uint8Array): void {
  orRefused(
    () => parseServerConfig(asText(input), { dataDir: "/data", env: () => undefined }),
    PortunusError,
  );
}

export const TARGETS: readonly FuzzTarget[] = [
  { name: "client_hello", run: clientHello },
  { name: "proxy_header", run: proxy },
  { name: "target_host", run: settles(parseTargetHost) },
  { name: "client_address", run: settles(parseClientAddress) },
  { name: "ports", run: ports },
  { name: "sni_pattern", run: sni },
  { name: "endpoint", run: endpoint },
  { name: "enrollment_uri", run: enrollmentUri },
  { name: "bundle", run: bundle },
  { name: "standalone_toml", run: standaloneToml },
  { name: "server_toml", run: serverToml },
  { name: "request_head", run: requestHead },
  { name: "response_head", run: responseHead },
  { name: "wire_rule", run: ruleFromBytes },
  { name: "wire_messages", run: messageFromBytes },
];
