import assert from "node:assert/strict";
import { type Lab, labTest } from "../kit/lab.ts";
import type { TestProcess } from "../kit/process.ts";

/** An operator API that answers when a test says so. */
class SlowApi implements AsyncDisposable {
  readonly #asked = Promise.withResolvers<void>();
  readonly #answer = Promise.withResolvers<Response>();
  readonly #server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => undefined },
    () => {
      this.#asked.resolve();
      return this.#answer.promise;
    },
  );

  get asked(): Promise<void> {
    return this.#asked.promise;
  }

  answer(body: unknown): void {
    this.#answer.resolve(Response.json(body));
  }

  command(lab: Lab, ...args: readonly string[]): TestProcess {
    const endpoint = ["--http-endpoint", `127.0.0.1:${this.#server.addr.port}`];
    return lab.spawn("command", [...lab.programs.server, ...args, ...endpoint], {
      PORTUNUS_OPERATOR_TOKEN: "sesame",
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.answer(null);
    await this.#server.shutdown();
  }
}

const PUSH = ["push-rule", "edge-01", "80", "10.0.0.5:80"];

labTest("Ctrl-C during a change waits for its answer", async (lab) => {
  await using api = new SlowApi();
  const push = api.command(lab, ...PUSH);
  await api.asked;
  push.signal("SIGINT");
  await push.stderrLine("waiting for the server's answer");
  api.answer({ rule_id: 7 });
  assert.equal(await push.status, 0);
  assert.equal(await push.stdout(), "7\n");
});

labTest("a second Ctrl-C gives up, and says what that means", async (lab) => {
  await using api = new SlowApi();
  const push = api.command(lab, ...PUSH);
  await api.asked;
  push.signal("SIGINT");
  await push.stderrLine("waiting for the server's answer");
  push.signal("SIGINT");
  assert.equal(await push.status, 130);
  await push.stderrLine("error: interrupted: the server may have done it");
  assert.equal(await push.stdout(), "");
});

labTest("commands that go on for ever end with SIGTERM and SIGINT, exit 0", async (lab) => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    await using api = new SlowApi();
    api.answer([]);
    const follow = api.command(lab, "audit", "follow", "--format", "json");
    await api.asked;
    follow.signal(signal);
    assert.equal(await follow.status, 0, signal);
  }
});
