/**
 * IP literals as text, in their canonical forms.
 *
 * @module
 */

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

/** `text` when it is a dotted IPv4 address without leading zeros, else `null`. */
export function parseIpv4(text: string): string | null {
  return IPV4.test(text) ? text : null;
}

/**
 * The canonical form (RFC 5952) of an IPv6 address without a zone, or `null` when `text` is none.
 * IPv4-mapped addresses keep their dotted part: `::ffff:192.0.2.1`.
 */
export function parseIpv6(text: string): string | null {
  const groups = readGroups(text);
  return groups === null ? null : writeGroups(groups);
}

/** Whether `text` is an IPv4 or IPv6 address, without brackets, port or zone. */
export function isIp(text: string): boolean {
  return parseIpv4(text) !== null || readGroups(text) !== null;
}

/** The IPv4 address inside an IPv4-mapped IPv6 one; any other text as it is. */
export function unmapIpv4(text: string): string {
  if (!text.includes(":")) return text;
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(parseIpv6(text) ?? "")?.[1] ?? text;
}

/** Whether `ip` is a loopback address: `127.0.0.0/8`, also IPv4-mapped, or `::1`. */
export function isLoopback(ip: string): boolean {
  return parseIpv4(unmapIpv4(ip))?.startsWith("127.") ?? parseIpv6(ip) === "::1";
}

/** The 4 or 16 bytes of an address, in network order; `null` for a text that is none. */
export function ipBytes(text: string): readonly number[] | null {
  if (parseIpv4(text) !== null) return text.split(".").map(Number);
  return readGroups(text)?.flatMap((group) => [group >> 8, group & 0xff]) ?? null;
}

/** The eight 16-bit groups of an IPv6 address (RFC 4291 §2.2), or `null`. */
function readGroups(text: string): number[] | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const [head, tail] = halves.map((half, i) => readHalf(half, i === halves.length - 1));
  if (!head) return null;
  if (halves.length === 1) return head.length === 8 ? head : null;
  if (!tail) return null;
  const missing = 8 - head.length - tail.length;
  return missing < 1 ? null : [...head, ...new Array<number>(missing).fill(0), ...tail];
}

/** The groups on one side of `::`. Only the end of the address may be a dotted IPv4 address. */
function readHalf(text: string, isEnd: boolean): number[] | null {
  if (text === "") return [];
  const parts = text.split(":");
  const groups: number[] = [];
  for (const [i, part] of parts.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(part)) {
      groups.push(Number.parseInt(part, 16));
      continue;
    }
    if (!isEnd || i !== parts.length - 1 || parseIpv4(part) === null) return null;
    const [a = 0, b = 0, c = 0, d = 0] = part.split(".").map(Number);
    groups.push(a * 256 + b, c * 256 + d);
  }
  return groups;
}

function writeGroups(groups: readonly number[]): string {
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    const [high = 0, low = 0] = groups.slice(6);
    return `::ffff:${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
  }
  const hex = groups.map((group) => group.toString(16));
  const zeros = longestZeroRun(groups);
  if (zeros.length < 2) return hex.join(":");
  return `${hex.slice(0, zeros.start).join(":")}::${
    hex.slice(zeros.start + zeros.length).join(":")
  }`;
}

/** The longest run of zero groups; the first one of several. */
function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let length = 0;
  for (const [i, group] of groups.entries()) {
    length = group === 0 ? length + 1 : 0;
    if (length > best.length) best = { start: i - length + 1, length };
  }
  return best;
}
