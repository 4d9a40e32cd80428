/**
 * How V8 uses memory in the client. Its young generation is kept small: most of what a connection
 * allocates dies at once or lives as long as the connection, and in a large young generation the
 * latter is copied about and leaves holes. With 9,000 idle connections the default costs 4 KiB
 * more for each; streams are as fast either way.
 *
 * @module
 */

/** Options of `deno run` for each program. */
export const MEMORY_FLAGS: Readonly<Record<"server" | "client", readonly string[]>> = {
  server: [],
  client: ["--v8-flags=--max-semi-space-size=2"],
};
