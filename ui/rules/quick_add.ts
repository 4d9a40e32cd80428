/**
 * A rule in one line: `edge1 :8080 -> 10.0.0.5:80`, `8000-8010 → db:9000/udp in=10MB/s`,
 * `ssh -L 8080:db:5432 host`.
 *
 * @module
 */

import type { RateLimitName } from "../../src/core/rate_limit.ts";
import {
  emptyTarget,
  NEW_RULE,
  NO_CAPS,
  type RuleFields,
  type TargetFields,
} from "./rule_fields.ts";

/** What a line says. */
export interface QuickRule {
  /** A name to look a client up by; `null` when the line has none. */
  readonly clientName: string | null;
  readonly fields: Omit<RuleFields, "clientId">;
}

export type QuickAdd =
  | { readonly ok: true; readonly rule: QuickRule }
  /** The word that means nothing here; empty where something is missing at the end. */
  | { readonly ok: false; readonly word: string };

const ARROW = /\s*(?:->|→|=>|\s+to\s+)\s*/;
const PORTS = /^(\d{1,5})(?:[-–](\d{1,5}))?$/;

/** `name=value` words, and the caps they mean. */
const CAP_WORDS: Readonly<Record<string, RateLimitName>> = {
  in: "bandwidth_in_bps",
  out: "bandwidth_out_bps",
  rate: "new_connections_per_sec",
  max: "concurrent_connections",
};

class Unknown extends Error {
  constructor(readonly word: string) {
    super();
  }
}

/** Reads a line as somebody would type or paste it. Numbers are checked by the form. */
export function parseQuickAdd(text: string): QuickAdd {
  try {
    const line = text.trim();
    return { ok: true, rule: /(^|\s)-L\s*\S/.test(line) ? readSsh(line) : readArrow(line) };
  } catch (error) {
    if (!(error instanceof Unknown)) throw error;
    return { ok: false, word: error.word };
  }
}

/** `-L [bind:]port:host:hostport`; what else ssh is told does not matter. */
function readSsh(line: string): QuickRule {
  const forward = /(?:^|\s)-L\s*(\S+)/.exec(line)?.[1] ?? "";
  const parts = /^(?:(?:[^[\]:]*|\[[^\]]*\]):)?(\d+):(\[[^\]]+\]|[^:[\]]+):(\d+)$/.exec(forward);
  if (!parts) throw new Unknown(forward);
  const [, listenStart = "", host = "", port = ""] = parts;
  const targets = [{ ...emptyTarget(0), host, port }];
  return { clientName: null, fields: { ...NEW_RULE, listenStart, targets } };
}

interface Listen {
  readonly clientName: string | null;
  readonly start: string;
  readonly end: string;
  readonly protocol: "tcp" | "udp" | null;
}

function readArrow(line: string): QuickRule {
  const [left = "", right, extra] = line.split(ARROW);
  if (right === undefined || extra !== undefined) throw new Unknown(extra ?? "");
  const listen = readListen(left.split(/\s+/));
  const [list = "", ...words] = right.replaceAll(/\s*,\s*/g, ",").split(/\s+/);
  const options = readOptions(words);
  const targets = list.split(",").map(readTarget);
  const single = targets.length === 1 ? targets[0] : undefined;
  const width = listen.end === "" ? 0 : Number(listen.end) - Number(listen.start);
  const isMulti = targets.length > 1;
  return {
    clientName: listen.clientName,
    fields: {
      ...NEW_RULE,
      protocol: options.protocol ?? single?.protocol ?? listen.protocol ?? "tcp",
      listenStart: listen.start,
      listenEnd: listen.end,
      isMulti,
      targets: targets.map(({ fields }, i) => ({
        ...fields,
        priority: fields.priority || `${i}`,
        proxy: options.proxy,
      })),
      targetEnd: single?.end ||
        (width > 0 && single ? `${Number(single.fields.port) + width}` : ""),
      preferIpv6: options.preferIpv6,
      interval: options.interval,
      sni: options.sni,
      caps: { ...NO_CAPS, ...options.caps },
    },
  };
}

/** `client :port`, `client port-port`, `udp/port`, in any order. */
function readListen(words: readonly string[]): Listen {
  let found: Listen = { clientName: null, start: "", end: "", protocol: null };
  for (const word of words.filter((it) => it !== "")) {
    const slash = /^(?:(tcp|udp)\/)?(?:(.*):)?([\d–-]+)(?:\/(tcp|udp))?$/i.exec(word);
    const ports = PORTS.exec(slash?.[3] ?? "");
    if (ports && found.start === "") {
      const [, start = "", end = ""] = ports;
      const protocol = protocolOf(slash?.[1] ?? slash?.[4]) ?? found.protocol;
      const named = slash?.[2] === "*" || slash?.[2] === "" ? null : slash?.[2] ?? null;
      found = { clientName: named ?? found.clientName, start, end, protocol };
    } else if (protocolOf(word) !== null) found = { ...found, protocol: protocolOf(word) };
    else if (found.clientName === null) found = { ...found, clientName: word };
    else throw new Unknown(word);
  }
  if (found.start === "") throw new Unknown(words.at(-1) ?? "");
  return found;
}

function protocolOf(word: string | undefined): "tcp" | "udp" | null {
  const name = word?.toLowerCase();
  return name === "tcp" || name === "udp" ? name : null;
}

interface Target {
  readonly fields: TargetFields;
  readonly end: string;
  readonly protocol: "tcp" | "udp" | null;
}

/** `host:port[-port][@priority][/protocol]` */
function readTarget(word: string): Target {
  const parts = /^(\[[^\]]+\]|[^:\s]+):(\d+)(?:[-–](\d+))?(?:@(\d+))?(?:\/(tcp|udp))?$/i.exec(word);
  if (!parts) throw new Unknown(word);
  const [, host = "", port = "", end = "", priority = "", protocol] = parts;
  return { fields: { host, port, priority, proxy: "" }, end, protocol: protocolOf(protocol) };
}

interface Options {
  readonly protocol: "tcp" | "udp" | null;
  readonly sni: string;
  readonly proxy: "" | "v1" | "v2";
  readonly interval: string;
  readonly preferIpv6: boolean;
  readonly caps: Partial<Record<RateLimitName, string>>;
}

/** `udp`, `ipv6`, `sni=host`, `proxy=v2`, `check=10s`, `in=10MB/s`, `out=…`, `rate=50/s`, `max=100` */
function readOptions(words: readonly string[]): Options {
  let read: Options = {
    protocol: null,
    sni: "",
    proxy: "",
    interval: "",
    preferIpv6: false,
    caps: {},
  };
  for (const word of words) {
    const [name = "", value = ""] = word.toLowerCase().split(/=(.*)/s);
    const cap = CAP_WORDS[name];
    if (value === "" && protocolOf(name) !== null) read = { ...read, protocol: protocolOf(name) };
    else if (word.toLowerCase() === "ipv6") read = { ...read, preferIpv6: true };
    else if (value === "") throw new Unknown(word);
    else if (name === "sni") read = { ...read, sni: value };
    else if (name === "proxy" && (value === "v1" || value === "v2")) {
      read = { ...read, proxy: value };
    } else if (name === "check") read = { ...read, interval: value.replace(/s$/, "") };
    else if (cap === undefined) throw new Unknown(word);
    else {
      const text = cap.startsWith("bandwidth")
        ? word.slice(name.length + 1)
        : value.replace("/s", "");
      read = { ...read, caps: { ...read.caps, [cap]: text } };
    }
  }
  return read;
}
