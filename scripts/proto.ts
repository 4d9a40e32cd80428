/**
 * Regenerates `src/wire/gen` from `proto/` (task `proto`). The result is committed, so nothing
 * but a change of the schema needs this; `tests/wire/schema_test.ts` fails when it is stale.
 *
 * @module
 */

const { code } = await new Deno.Command("npx", {
  args: ["-y", "@bufbuild/buf@1.75.0", "generate", "--template", "proto/buf.gen.yaml"],
  stdout: "inherit",
  stderr: "inherit",
}).output();
Deno.exit(code);
