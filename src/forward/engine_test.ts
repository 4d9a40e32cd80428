import assert from "node:assert/strict";
import { FakeClock } from "../../tests/kit/fake_clock.ts";
import { RecordingLogger } from "../../tests/kit/recording_logger.ts";
import { createForwarder, type EngineOptions } from "./engine.ts";
import { openLibc } from "./linux/native/libc.ts";

/** The line that tells which engine was chosen. */
async function chosen(
  options: Partial<EngineOptions> & { readonly variables?: Record<string, string> },
) {
  const logger = new RecordingLogger();
  const { variables = {}, ...rest } = options;
  await using _ = createForwarder({
    clock: new FakeClock(),
    logger,
    env: (name) => variables[name],
    ...rest,
  });
  return logger.of("forward.engine").map(({ fields }) => fields);
}

Deno.test({
  name: "createForwarder() takes the Linux engine on Linux",
  ignore: Deno.build.os !== "linux",
  async fn() {
    assert.deepEqual(await chosen({ workers: 2 }), [{ engine: "linux", workers: 2, splice: true }]);
    const variables = { PORTUNUS_DISABLE_SPLICE: "1" };
    assert.deepEqual(await chosen({ workers: 1, variables }), [
      { engine: "linux", workers: 1, splice: false },
    ]);
  },
});

Deno.test({
  name: "createForwarder() takes the number of Workers from the environment, if it is one",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const workersFor = async (text: string, workers?: number) => {
      const [line] = await chosen({
        variables: { PORTUNUS_WORKERS: text },
        ...(workers && { workers }),
      });
      return line?.workers;
    };
    assert.equal(await workersFor(" 3 "), 3);
    assert.equal(await workersFor("3", 2), 2, "what the caller says goes first");
    const usual = await workersFor("");
    for (const text of ["0", "65", "1.5", "many"]) assert.equal(await workersFor(text), usual);
  },
});

Deno.test("createForwarder() falls back to the portable engine, and says why", async () => {
  const refused = () => {
    throw new Deno.errors.NotCapable("no ffi");
  };
  assert.deepEqual(await chosen({ os: "linux", openLibc: refused }), [
    { engine: "portable", reason: "no ffi" },
  ]);
  assert.deepEqual(await chosen({ os: "darwin" }), [
    { engine: "portable", reason: "no Linux: darwin" },
  ]);
  assert.deepEqual(await chosen({ variables: { PORTUNUS_ENGINE: "portable" } }), [
    { engine: "portable", reason: "PORTUNUS_ENGINE" },
  ]);
});

Deno.test({
  name: "createForwarder() falls back where the kernel refuses what the engine is built on",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const filtered = () => ({ ...openLibc(), eventfd: () => -1, errno: () => 1 });
    assert.deepEqual(await chosen({ openLibc: filtered }), [
      { engine: "portable", reason: "eventfd: Operation not permitted (os error 1)" },
    ]);
  },
});

Deno.test({
  name: "createForwarder() needs no splice() where nothing is spliced",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const filtered = () => {
      const libc = openLibc();
      let isRefused = false;
      return {
        ...libc,
        splice: () => (isRefused = true, -1),
        errno: () => isRefused ? 1 : libc.errno(),
      };
    };
    assert.deepEqual(await chosen({ openLibc: filtered }), [
      { engine: "portable", reason: "splice: Operation not permitted (os error 1)" },
    ]);
    const variables = { PORTUNUS_DISABLE_SPLICE: "1" };
    assert.deepEqual(await chosen({ openLibc: filtered, workers: 1, variables }), [
      { engine: "linux", workers: 1, splice: false },
    ]);
  },
});
