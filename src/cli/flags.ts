/**
 * Options that several commands share, as they are parsed.
 *
 * @module
 */

/** Options that every command takes, before or after its name. */
export interface GlobalFlags {
  readonly dataDir?: string;
  readonly advertisedEndpoint?: string;
}

export interface HttpFlags {
  readonly httpEndpoint: string;
}

export interface FormatFlags {
  readonly format: "text" | "json";
}
