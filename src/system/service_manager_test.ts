import assert from "node:assert/strict";
import { FakeClock } from "../../tests/kit/fake_clock.ts";
import { NotifySocket } from "../../tests/kit/notify_socket.ts";
import { RecordingLogger } from "../../tests/kit/recording_logger.ts";
import { skip } from "../../tests/kit/skip.ts";
import { ServiceManager } from "./service_manager.ts";

const PID = 77;

function managerOf(env: Readonly<Record<string, string>>, sent: string[] = []) {
  const clock = new FakeClock();
  const logger = new RecordingLogger();
  const manager = new ServiceManager({
    env: (name) => env[name],
    pid: PID,
    clock,
    logger,
    send: (path, text) => {
      if (path === "/broken") return Promise.reject(new Error("no"));
      sent.push(`${path} ${text}`);
      return Promise.resolve();
    },
  });
  return { manager, clock, logger };
}

Deno.test("ServiceManager tells systemd's socket, named by a path or abstract", async () => {
  if (Deno.build.os !== "linux") return skip("sd_notify", "abstract sockets are Linux's");
  const dir = await Deno.makeTempDir({ prefix: "portunus-notify-" });
  try {
    for (const name of [`${dir}/notify`, `@portunus-test-${crypto.randomUUID()}`]) {
      using socket = new NotifySocket(name);
      using manager = new ServiceManager({
        env: (it) => it === "NOTIFY_SOCKET" ? name : undefined,
        pid: PID,
        clock: new FakeClock(),
        logger: new RecordingLogger(),
      });
      await manager.ready();
      assert.equal(await socket.receive(), "READY=1");
      await manager.stopping();
      assert.equal(await socket.receive(), "STOPPING=1");
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("ServiceManager shows life twice as often as asked, until it is disposed of", async () => {
  const sent: string[] = [];
  const { manager, clock } = managerOf({ NOTIFY_SOCKET: "/n", WATCHDOG_USEC: "4000000" }, sent);
  await manager.ready();
  clock.advance(1_999);
  assert.deepEqual(sent.splice(0), ["/n READY=1", "/n WATCHDOG=1"]);
  clock.advance(1);
  assert.deepEqual(sent.splice(0), ["/n WATCHDOG=1"]);
  await manager.stopping();
  clock.advance(2_000);
  assert.deepEqual(sent.splice(0), ["/n STOPPING=1", "/n WATCHDOG=1"], "while it drains, too");
  manager[Symbol.dispose]();
  assert.equal(clock.pending, 0);
});

Deno.test("ServiceManager says nothing where nobody asked", async () => {
  const sent: string[] = [];
  for (
    const env of [
      {},
      { NOTIFY_SOCKET: "", WATCHDOG_USEC: "1000" },
      { NOTIFY_SOCKET: "relative", WATCHDOG_USEC: "1000" },
      { NOTIFY_SOCKET: "vsock:2:1" },
    ]
  ) {
    const { manager, clock } = managerOf(env, sent);
    await manager.ready();
    await manager.stopping();
    assert.equal(clock.pending, 0);
  }
  assert.deepEqual(sent, []);
  for (const usec of ["", "0", "x", "-1"]) {
    const { manager, clock } = managerOf({ NOTIFY_SOCKET: "/n", WATCHDOG_USEC: usec });
    await manager.ready();
    assert.equal(clock.pending, 0, usec);
  }
  const other = managerOf({ NOTIFY_SOCKET: "/n", WATCHDOG_USEC: "1000", WATCHDOG_PID: "78" });
  await other.manager.ready();
  assert.equal(other.clock.pending, 0, "the watchdog of another process");
});

Deno.test("ServiceManager serves on when the manager is deaf, and warns once", async () => {
  const { manager, logger } = managerOf({ NOTIFY_SOCKET: "/broken" });
  await manager.ready();
  await manager.stopping();
  assert.deepEqual(logger.events, ["service.notify_failed"]);
});

Deno.test("ServiceManager.succeededBy() names another process, and is silent from then on", async () => {
  const sent: string[] = [];
  const env = { NOTIFY_SOCKET: "/n", WATCHDOG_USEC: "4000000", WATCHDOG_PID: `${PID}` };
  const { manager, clock } = managerOf(env, sent);
  await manager.ready();
  sent.length = 0;
  await manager.succeededBy(99);
  clock.advance(4_000);
  assert.deepEqual(sent, ["/n MAINPID=99"]);
  assert.equal(clock.pending, 0);
  // The successor's process is another one: the watchdog is for it, too.
  const successor = managerOf(manager.environment, sent);
  await successor.manager.ready();
  assert.deepEqual(sent.slice(1), ["/n READY=1", "/n WATCHDOG=1"]);
  successor.manager[Symbol.dispose]();
});

Deno.test("ServiceManager.environment is empty without a manager, and has no watchdog of others", () => {
  assert.deepEqual(managerOf({ WATCHDOG_USEC: "4000000" }).manager.environment, {});
  const others = { NOTIFY_SOCKET: "/n", WATCHDOG_USEC: "4000000", WATCHDOG_PID: "1" };
  assert.deepEqual(managerOf(others).manager.environment, { NOTIFY_SOCKET: "/n" });
});
