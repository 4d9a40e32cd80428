/**
 * Server-sent events out of a chunked text.
 *
 * @module
 */

export interface StreamEvent {
  readonly event: string;
  readonly data: string;
}

/** Splits what comes in pieces into events. Comments and fields nobody needs are left out. */
export class EventParser {
  #rest = "";

  /** The events that `chunk` completes. */
  push(chunk: string): StreamEvent[] {
    const blocks = (this.#rest + chunk).replaceAll("\r\n", "\n").split("\n\n");
    this.#rest = blocks.pop() ?? "";
    return blocks.map(parseBlock).filter((it) => it.data !== "");
  }
}

function parseBlock(block: string): StreamEvent {
  let event = "message";
  const data: string[] = [];
  for (const line of block.split("\n")) {
    const [, field, value = ""] = /^([a-z]+): ?(.*)$/.exec(line) ?? [];
    if (field === "event") event = value;
    else if (field === "data") data.push(value);
  }
  return { event, data: data.join("\n") };
}
