import assert from "node:assert/strict";
import { ERROR_TABLE, PortunusError } from "../../core/errors.ts";
import { PublishedHostRepository } from "../../store/published_hosts.ts";
import { PUBLISH_STATUSES, PublishStateRepository } from "../../store/publish_state.ts";
import { systemRandom } from "../../system/random.ts";
import { RecordingLogger } from "../../../tests/kit/recording_logger.ts";
import { TemporaryStore } from "../../../tests/kit/seeded_store.ts";
import { turn } from "../../../tests/kit/turn.ts";
import { HostRegistry } from "../hosts.ts";
import {
  PROVISION_TASKS,
  Provisioning,
  type ProvisionState,
  type ProvisionTask,
  type ProvisionWork,
} from "./provisioning.ts";
import { Stages } from "./stages.ts";

const DOMAIN = { domain: "Example.test.", email: "ops@example.test" };

/** A server that is set up, and may be killed on the way. */
class World implements AsyncDisposable {
  readonly db = new TemporaryStore();
  readonly logger = new RecordingLogger();
  readonly state = new PublishStateRepository(this.db.store);
  readonly hosts = new HostRegistry({
    hosts: new PublishedHostRepository(this.db.store),
    domain: () => this.state.get().domain,
    maxHosts: () => 10,
    operatorHost: () => null,
  });
  /** Tasks in the order in which they were begun. */
  readonly begun: ProvisionTask[] = [];
  publicIp: string | null = "192.0.2.10";
  addresses: Readonly<Record<string, readonly string[]>> = { "example.test": ["192.0.2.10"] };
  /** What a task waits for. */
  gates: Partial<Record<ProvisionTask, Promise<void>>> = {};
  stages = this.#start();

  #start(): Stages {
    return new Stages({
      store: this.db.store,
      state: this.state,
      hosts: this.hosts,
      publicIp: () => this.publicIp,
      lookUp: (name) => {
        const known = this.addresses[name] ?? this.addresses["*"];
        return Promise.resolve(known ?? []);
      },
      provisioning: new Provisioning(this.#work()),
      random: systemRandom,
      logger: this.logger,
    });
  }

  #work(): ProvisionWork {
    const entries = PROVISION_TASKS.map((task) => [task, {
      title: `Do ${task}`,
      run: async () => {
        this.begun.push(task);
        await this.gates[task];
        if (task === "finalize") this.state.set({ ...this.state.get(), status: "COMPLETED" });
        return `${task} is done`;
      },
    }]);
    return Object.fromEntries(entries) as ProvisionWork;
  }

  /** As a start after a SIGKILL: what ran is gone, and nobody noticed. */
  restart(): void {
    this.stages = this.#start();
  }

  /** Brings the set-up to a stage, by hand. */
  at(status: typeof PUBLISH_STATUSES[number]): Stages {
    const set = status === "FRESH" ? null : "example.test";
    this.state.set({ status, domain: set, email: set && "a@b.test", publicIp: null });
    return this.stages;
  }

  /** Provisions until the run ends; what it said. */
  async provision(): Promise<string | null> {
    const { promise, resolve } = Promise.withResolvers<string | null>();
    using _ = this.stages.provisioning.subscribe({ changed: () => undefined, ended: resolve });
    this.stages.provision();
    return await promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stages[Symbol.asyncDispose]();
    this.db[Symbol.dispose]();
  }
}

function codeOf(error: unknown): string {
  assert.ok(error instanceof PortunusError, String(error));
  return error.code;
}

async function outcome(call: () => unknown): Promise<string> {
  try {
    await call();
    return "ok";
  } catch (error) {
    return codeOf(error);
  }
}

Deno.test("stages go from nothing to completed", async () => {
  await using world = new World();
  const { stages } = world;
  assert.equal(stages.state.status, "FRESH");
  assert.deepEqual(stages.setDomain(DOMAIN), {
    status: "DOMAIN_SET",
    domain: "example.test",
    email: "ops@example.test",
    publicIp: null,
  });
  assert.equal(world.hosts.lookup("www.example.test")?.kind, "reserved");
  const found = await stages.verifyDns();
  assert.equal(found.ok, true);
  assert.equal(found.wildcard.ok, false, "that is only for information");
  assert.equal(stages.state.status, "DNS_READY");
  assert.equal(await world.provision(), null);
  assert.deepEqual(world.begun, [...PROVISION_TASKS]);
  assert.equal(stages.state.status, "COMPLETED");
  assert.deepEqual(stages.provisioning.state.tasks.map(({ status }) => status), [
    ...PROVISION_TASKS.map(() => "done"),
  ]);
});

Deno.test("every call answers in every stage as the table says", async () => {
  const wrong = "publish_wrong_stage";
  const over = "publish_onboarding_completed";
  const calls = {
    domain: (it: Stages) => it.setDomain(DOMAIN),
    verifyDns: (it: Stages) => it.verifyDns(),
    provision: (it: Stages) => it.provision(),
    stream: (it: Stages) => it.requireUnfinished(),
    ready: (it: Stages) => it.requireCompleted(),
    reset: (it: Stages) => it.reset(),
  };
  const late = "publish_not_ready";
  // FRESH, DOMAIN_SET, DNS_READY, PROVISIONING, COMPLETED
  const table: Readonly<Record<keyof typeof calls, readonly string[]>> = {
    domain: ["ok", "ok", wrong, wrong, over],
    verifyDns: [wrong, "ok", "ok", wrong, over],
    provision: [wrong, wrong, "ok", "ok", over],
    stream: ["ok", "ok", "ok", "ok", over],
    ready: [late, late, late, late, "ok"],
    reset: ["ok", "ok", "ok", "ok", "ok"],
  };
  await using world = new World();
  for (const [name, call] of Object.entries(calls)) {
    const answers: string[] = [];
    for (const status of PUBLISH_STATUSES) {
      const stages = world.at(status);
      answers.push(await outcome(() => call(stages)));
      while (stages.provisioning.state.running) await turn();
    }
    assert.deepEqual(answers, table[name as keyof typeof calls], name);
  }
  assert.equal(ERROR_TABLE[over].http, 410);
  assert.equal(ERROR_TABLE[late].http, 503);
  assert.equal(ERROR_TABLE[wrong].http, 409);
});

Deno.test("a run is not begun twice, nor its state taken away", async () => {
  await using world = new World();
  const { promise, resolve } = Promise.withResolvers<void>();
  world.gates = { "issue-certs": promise };
  const stages = world.at("DNS_READY");
  const run = world.provision();
  assert.equal(await outcome(() => stages.provision()), "publish_already_running");
  assert.equal(await outcome(() => stages.reset()), "publish_already_running");
  resolve();
  assert.equal(await run, null);
});

Deno.test("a run is repeated after a failure, and after a kill between any two tasks", async () => {
  for (const task of PROVISION_TASKS) {
    await using world = new World();
    world.at("DNS_READY");
    world.gates = { [task]: Promise.reject(new Error("the disk is full")) };
    assert.equal(await world.provision(), `${task}: the disk is full`);
    assert.equal(world.stages.state.status, "PROVISIONING");
    const failed = world.stages.provisioning.state.tasks.find((it) => it.status === "error");
    assert.equal(failed?.task, task);

    // The next run hangs in this task, and the process is killed.
    const { promise, resolve } = Promise.withResolvers<void>();
    world.gates = { [task]: promise };
    const reached = Promise.withResolvers<void>();
    using _ = world.stages.provisioning.subscribe({
      changed: (it) => it.task === task && it.status === "running" && reached.resolve(),
      ended: () => undefined,
    });
    world.stages.provision();
    await reached.promise;
    const killed = world.stages;
    world.gates = {};
    world.restart();
    assert.equal(world.stages.state.status, "PROVISIONING");
    assert.equal(world.stages.provisioning.state.running, false);
    world.begun.length = 0;
    assert.equal(await world.provision(), null);
    assert.deepEqual(world.begun, [...PROVISION_TASKS]);
    assert.equal(world.stages.state.status, "COMPLETED");
    resolve();
    await killed[Symbol.asyncDispose]();
  }
});

Deno.test("listeners hear of every change, with everything there is", async () => {
  await using world = new World();
  world.at("DNS_READY");
  const heard: string[] = [];
  let last: ProvisionState | null = null;
  using _ = world.stages.provisioning.subscribe({
    changed: (task, state) => {
      heard.push(`${task.task} ${task.status}`);
      last = state;
    },
    ended: (error) => heard.push(`ended ${error}`),
  });
  assert.equal(await world.provision(), null);
  assert.deepEqual(heard, [
    ...PROVISION_TASKS.flatMap((task) => [`${task} running`, `${task} done`]),
    "ended null",
  ]);
  assert.deepEqual(last, { ...world.stages.provisioning.state, running: true });
});

Deno.test("verifyDns() says what is expected, and never moves back", async () => {
  await using world = new World();
  const stages = world.at("DOMAIN_SET");
  world.addresses = { "example.test": ["198.51.100.1"], "*": ["192.0.2.10"] };
  const wrong = await stages.verifyDns();
  assert.equal(wrong.ok, false);
  assert.equal(wrong.wildcard.ok, true);
  assert.equal(wrong.message, "example.test has 198.51.100.1; expected 192.0.2.10");
  assert.equal(stages.state.status, "DOMAIN_SET");

  world.publicIp = null;
  const found = await stages.verifyDns();
  assert.equal(found.ok, true);
  assert.match(found.message, /publish.public_ip is not set, so it was not compared/);
  assert.equal(stages.state.status, "DNS_READY");
  assert.equal(stages.state.publicIp, "198.51.100.1", "what was found is what to expect");

  world.addresses = {};
  assert.equal((await stages.verifyDns()).ok, false);
  assert.equal(stages.state.status, "DNS_READY");
});

Deno.test("setDomain() refuses what is no domain and what is no address", async () => {
  await using world = new World();
  const { stages } = world;
  const domains = [
    "example",
    "*.example.test",
    "192.0.2.1",
    "a..b",
    "exämple.test",
    "a.b1",
    "-a.b",
  ];
  for (const domain of [...domains, `${"a.".repeat(95)}test`]) {
    assert.equal(await outcome(() => stages.setDomain({ ...DOMAIN, domain })), "domain_invalid");
  }
  const emails = [
    "",
    "ops",
    "a@b",
    "a b@c.test",
    "a@b.test,c@d.test",
    "a@b.test?subject=x",
    "@b.c",
  ];
  for (const email of emails) {
    assert.equal(await outcome(() => stages.setDomain({ ...DOMAIN, email })), "email_invalid");
  }
  assert.equal(stages.state.status, "FRESH");
});

Deno.test("reset() begins anew, unless something is published", async () => {
  await using world = new World();
  const { stages } = world;
  stages.setDomain(DOMAIN);
  world.hosts.reserve("app.example.test", "site", "01JABCDEFGHJKMNPQRSTVWXYZ0");
  assert.equal(await outcome(() => stages.reset()), "publish_in_use");
  world.hosts.release("app.example.test");
  assert.equal(stages.reset().status, "FRESH");
  assert.deepEqual(stages.state.domain, null);
  assert.deepEqual(world.hosts.list(), [], "no name is reserved without a domain");
});
