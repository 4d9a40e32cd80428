import { parseHostname } from "./hostname.ts";
import { parseIpv4, parseIpv6 } from "./ip.ts";

const ORIGIN = /^https?:\/\/(\[[^\]]*\]|[^:/?#@\s]+)(?::(\d{1,5}))?$/;

/**
 * Whether `text` is a Web origin as browsers send it: `http://` or `https://`, a host name, an IPv4
 * address or an IPv6 address in brackets, and maybe a port from 1 to 65535; nothing after that.
 */
export function isWebOrigin(text: string): boolean {
  const [, host, port] = ORIGIN.exec(text) ?? [];
  if (host === undefined) return false;
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) return false;
  if (host.startsWith("[")) return parseIpv6(host.slice(1, -1)) !== null;
  if (/^[\d.]+$/.test(host)) return parseIpv4(host) !== null;
  return !host.endsWith(".") && isHostname(host);
}

function isHostname(host: string): boolean {
  try {
    parseHostname(host);
    return true;
  } catch {
    return false;
  }
}
