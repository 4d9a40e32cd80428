/**
 * Inputs that are nearly right: those that are rejected at the first byte find nothing.
 *
 * @module
 */

/** Longer inputs say nothing that shorter ones don't, and take longer. */
const BYTES_MAX = 2_048;
/** The most that one change takes out, puts in or moves. */
const PIECE_MAX = 16;

/** Bytes at which lengths, numbers and grammars change their minds. */
const EDGES = [...new TextEncoder().encode('\0\n #"%*+-./0195:=?@Z[]_az{}'), 1, 0x7f, 0x80, 0xff];

/** What a change has at hand: the input, somewhere in it, something to put there. */
interface Change {
  readonly bytes: readonly number[];
  readonly at: number;
  readonly end: number;
  readonly value: number;
  readonly other: readonly number[];
}

const CHANGES: readonly ((change: Change) => readonly number[])[] = [
  ({ bytes, at, value }) => [...bytes.slice(0, at), value, ...bytes.slice(at + 1)],
  ({ bytes, at, value }) => [...bytes.slice(0, at), value, ...bytes.slice(at)],
  ({ bytes, at, value }) => bytes.map((byte, i) => i === at ? byte ^ (1 << (value & 7)) : byte),
  ({ bytes, at, end }) => [...bytes.slice(0, at), ...bytes.slice(end)],
  ({ bytes, at, end }) => [...bytes.slice(0, end), ...bytes.slice(at)],
  ({ bytes, at, end, other }) => [...bytes.slice(0, at), ...other, ...bytes.slice(end)],
  ({ bytes, at }) => bytes.slice(0, at),
];

/** An input made from one of `seeds` by a few random changes. */
export function mutated(seeds: readonly Uint8Array[], random: () => number): Uint8Array {
  let bytes: readonly number[] = [...(seeds[below(seeds.length, random)] ?? [])];
  for (let left = 1 + below(4, random); left > 0; left--) {
    const at = below(bytes.length + 1, random);
    const other = seeds[below(seeds.length, random)] ?? new Uint8Array();
    const from = below(other.length + 1, random);
    const change = CHANGES[below(CHANGES.length, random)];
    if (change === undefined) continue;
    bytes = change({
      bytes,
      at,
      end: at + below(Math.min(PIECE_MAX, bytes.length - at) + 1, random),
      value: random() < 0.5 ? below(256, random) : EDGES[below(EDGES.length, random)] ?? 0,
      other: [...other.subarray(from, from + below(PIECE_MAX + 1, random))],
    });
  }
  return Uint8Array.from(bytes.slice(0, BYTES_MAX));
}

const below = (count: number, random: () => number) => Math.floor(random() * count);
