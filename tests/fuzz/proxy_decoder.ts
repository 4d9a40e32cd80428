/**
 * Reading PROXY headers as a target does, written from the protocol's text and from nothing of
 * ours: what the encoder writes has to mean this.
 *
 * @module
 */

export interface DecodedProxy {
  readonly version: 1 | 2;
  readonly family: 4 | 6;
  /** Addresses as bytes, in hex. */
  readonly source: string;
  readonly destination: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

/** Reads a header that is all of `bytes`. @throws {SyntaxError} when it is none */
export function decodeProxy(bytes: Uint8Array): DecodedProxy {
  return bytes[0] === 0x0d ? decodeBinary(bytes) : decodeText(bytes);
}

function decodeText(bytes: Uint8Array): DecodedProxy {
  if (bytes.length > 107) throw new SyntaxError("A line of more than 107 bytes");
  const line = String.fromCharCode(...bytes);
  const match = /^PROXY TCP([46]) ([^ ]+) ([^ ]+) (\d{1,5}) (\d{1,5})\r\n$/.exec(line);
  if (match === null) throw new SyntaxError(`Not a line of version 1: ${line}`);
  const [, family, source = "", destination = "", sourcePort = "", destinationPort = ""] = match;
  const read = family === "4" ? ipv4Hex : ipv6Hex;
  return {
    version: 1,
    family: family === "4" ? 4 : 6,
    source: read(source),
    destination: read(destination),
    sourcePort: port(sourcePort),
    destinationPort: port(destinationPort),
  };
}

function decodeBinary(bytes: Uint8Array): DecodedProxy {
  const hex = bytes.toHex();
  const match = /^0d0a0d0a000d0a515549540a21([12])1([0-9a-f]{4})([0-9a-f]+)$/.exec(hex);
  if (match === null) throw new SyntaxError(`Not a header of version 2: ${hex}`);
  const [, kind, length = "", body = ""] = match;
  const size = kind === "1" ? 8 : 32;
  if (parseInt(length, 16) * 2 !== body.length || body.length !== size * 2 + 8) {
    throw new SyntaxError(`Wrong length: ${hex}`);
  }
  return {
    version: 2,
    family: kind === "1" ? 4 : 6,
    source: body.slice(0, size),
    destination: body.slice(size, size * 2),
    sourcePort: parseInt(body.slice(size * 2, size * 2 + 4), 16),
    destinationPort: parseInt(body.slice(size * 2 + 4), 16),
  };
}

function port(text: string): number {
  if (Number(text) > 65_535 || `${Number(text)}` !== text) throw new SyntaxError(`Port ${text}`);
  return Number(text);
}

function ipv4Hex(text: string): string {
  const parts = text.split(".");
  if (parts.length !== 4 || parts.some((part) => !/^(0|[1-9]\d{0,2})$/.test(part))) {
    throw new SyntaxError(`Not IPv4: ${text}`);
  }
  return Uint8Array.from(parts.map(Number)).toHex();
}

function ipv6Hex(text: string): string {
  const halves = text.split("::");
  const groups = halves.map((half) => half === "" ? [] : half.split(":"));
  const [head = [], tail = []] = groups;
  const missing = 8 - head.length - tail.length;
  const isWhole = halves.length === 1 ? missing === 0 : halves.length === 2 && missing >= 1;
  const all = [...head, ...Array<string>(halves.length === 2 ? missing : 0).fill("0"), ...tail];
  if (!isWhole || all.some((group) => !/^[0-9a-f]{1,4}$/.test(group))) {
    throw new SyntaxError(`Not IPv6: ${text}`);
  }
  return all.map((group) => group.padStart(4, "0")).join("");
}
