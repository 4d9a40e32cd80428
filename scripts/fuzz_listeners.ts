/**
 * `deno task fuzz-listeners [--seconds N] [--seed N]`: random bytes for every listener, a minute
 * each unless told otherwise.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { ROOT } from "./build/project.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    seed: { type: "string", default: `${Math.floor(Math.random() * 2 ** 32)}` },
  },
});
const { code } = await new Deno.Command(Deno.execPath(), {
  args: ["test", "-A", `${ROOT}tests/system/listener_noise_test.ts`],
  env: { PORTUNUS_NOISE_SECONDS: values.seconds, PORTUNUS_NOISE_SEED: values.seed },
}).spawn().status;
Deno.exit(code);
