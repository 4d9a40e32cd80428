/**
 * Lines of styled text, and how a terminal is told to show them.
 *
 * @module
 */

const STYLES = {
  title: "1",
  dim: "2",
  selected: "7",
  good: "32",
  fair: "33",
  bad: "31",
} as const;
export type Style = keyof typeof STYLES;
const COLOURS: readonly Style[] = ["good", "fair", "bad"];

/** Of the terminal, in characters. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A piece of a line. */
export interface Span {
  readonly text: string;
  readonly style?: Style | undefined;
}
export type Line = readonly Span[];

export const plain = (text: string): Line => [{ text }];
export const styled = (text: string, style: Style | undefined): Span => ({ text, style });

// deno-lint-ignore no-control-regex -- what others wrote must not control the terminal.
const CONTROL = /[\x00-\x1f\x7f-\x9f]/g;
const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}]/u;
const COMBINING = /[\p{M}\p{Cf}]/u;

const charWidth = (char: string): number => COMBINING.test(char) ? 0 : WIDE.test(char) ? 2 : 1;

/** Exactly `width` columns of `text`: cut with `…`, or padded at its end, or its beginning. */
export function fit(text: string, width: number, align: "left" | "right" = "left"): string {
  const clean = text.replace(CONTROL, "?");
  const total = columns(clean);
  if (total <= width) {
    const padding = " ".repeat(width - total);
    return align === "left" ? clean + padding : padding + clean;
  }
  let cut = "";
  let used = 0;
  for (const char of clean) {
    if (used + charWidth(char) > width - 1) break;
    cut += char;
    used += charWidth(char);
  }
  return width <= 0 ? "" : `${cut}…${" ".repeat(width - 1 - used)}`;
}

function columns(text: string): number {
  let width = 0;
  for (const char of text) width += charWidth(char);
  return width;
}

/** `line` in exactly `width` columns; what does not fit is cut. */
export function fitLine(line: Line, width: number): Line {
  const spans: Span[] = [];
  let room = width;
  for (const { text, style } of line) {
    const clean = text.replace(CONTROL, "?");
    const taken = Math.min(room, columns(clean));
    if (taken > 0) spans.push({ text: fit(clean, taken), style });
    room -= taken;
  }
  return room > 0 ? [...spans, { text: " ".repeat(room) }] : spans;
}

/** A frame as what is written to a terminal: every line in its place. */
export function paint(lines: readonly Line[], isColoured: boolean): string {
  return lines.map((line, i) =>
    `\x1b[${i + 1};1H${line.map((it) => span(it, isColoured)).join("")}`
  )
    .join("") + "\x1b[J";
}

function span({ text, style }: Span, isColoured: boolean): string {
  if (style === undefined || (!isColoured && COLOURS.includes(style))) return text;
  return `\x1b[${STYLES[style]}m${text}\x1b[0m`;
}
