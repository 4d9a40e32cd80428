import assert from "node:assert/strict";
import { labTest } from "../kit/lab.ts";
import type { Programs } from "../kit/programs.ts";
import { freePort, freeRange } from "../kit/ports.ts";

const SCRIPT = new URL("operate.sh", import.meta.url).pathname;

/** `words` as a command line of a POSIX shell. */
const quoted = (words: readonly string[]) =>
  words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");

/** A script of an operator, on the programs as they are there. */
export function shellScriptTests(kind: string, programs?: () => Programs): void {
  labTest(`a shell script written for 3.1.0 runs as it is (${kind})`, async (lab) => {
    await Deno.mkdir(lab.path("bin"));
    for (const name of ["server", "client"] as const) {
      const path = lab.path(`bin/portunus-${name}`);
      const text = `#!/bin/sh\nexec ${quoted(lab.programs[name])} "$@"\n`;
      await Deno.writeTextFile(path, text, { mode: 0o755 });
    }
    const [http, grpc, metrics] = [freePort(), freePort(), freePort()];
    const config = { control_listen: grpc, operator_http_listen: http, metrics_listen: metrics };
    await Deno.mkdir(lab.path("data"));
    await Deno.writeTextFile(
      lab.path("data/server.toml"),
      Object.entries(config).map(([key, port]) => `${key} = "127.0.0.1:${port}"\n`).join(""),
    );
    const script = lab.spawn(
      "operate.sh",
      ["/bin/sh", "-c", `cd ${quoted([lab.dir])} && exec /bin/sh ${quoted([SCRIPT])}`],
      {
        PATH: `${lab.path("bin")}:/usr/local/bin:/usr/bin:/bin`,
        DATA: lab.path("data"),
        HTTP: `127.0.0.1:${http}`,
        GRPC: `127.0.0.1:${grpc}`,
        PORT: `${freeRange(2)}`,
        TARGET: `127.0.0.1:${freePort()}`,
        LC_ALL: "C.UTF-8",
      },
    );
    const status = await script.status;
    const steps = await script.stdout();
    assert.equal(status, 0, `after: ${steps}`);
    assert.equal(
      steps,
      [
        "offline",
        "connected",
        "rules",
        "counters",
        "users",
        "owner caps",
        "stopped",
        "offline again",
      ]
        .map((step) => `${step}: ok\n`).join(""),
    );
  }, programs);
}
