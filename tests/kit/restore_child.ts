/**
 * A process that restores a store and dies on the way: `DATA_DIR BACKUP STEP`, where it is killed
 * before STEP is taken.
 *
 * @module
 */

import { restoreStore } from "../../src/store/restore.ts";
import { systemClock } from "../../src/system/clock.ts";
import { systemRandom } from "../../src/system/random.ts";

if (import.meta.main) {
  const [dataDir = "", source = "", last] = Deno.args;
  await restoreStore({
    dataDir,
    source,
    force: true,
    clock: systemClock,
    random: systemRandom,
    onStep: (step) => {
      if (step === last) Deno.kill(Deno.pid, "SIGKILL");
    },
  });
}
