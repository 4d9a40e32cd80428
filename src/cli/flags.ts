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

/** Where the operator API is. */
export interface HttpFlags {
  /** `host:port`, spoken to in plain HTTP. */
  readonly httpEndpoint: string;
  /** Goes before `httpEndpoint`; without a slash at the end. */
  readonly endpointUrl?: string;
  /** PEM file of the authorities that an `https` endpoint's certificate may come from. */
  readonly caFile?: string;
}

export interface FormatFlags {
  readonly format: "text" | "json";
}
