import assert from "node:assert/strict";
import { TextLineStream } from "../kit/text_lines.ts";
import { ENGINES, openOnFreePorts, until } from "./kit.ts";
import { FakeClock } from "../kit/fake_clock.ts";
import { RecordingLogger } from "../kit/recording_logger.ts";
import { tcpRule } from "./rules.ts";

const CONNECTIONS = 5_000;
const utf8 = new TextEncoder();

for (const engine of ENGINES) {
  Deno.test(`tcp [${engine.name}] 5,000 connections at a time do not mix`, async () => {
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "--no-prompt",
        new URL("./tcp_crowd_child.ts", import.meta.url).pathname,
        `${CONNECTIONS}`,
      ],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const lines = child.stdout.pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream()).values();
    const said = async () => Number((await lines.next()).value ?? assert.fail("the child ended"));
    const logger = new RecordingLogger();
    await using forwarder = engine.create({ clock: new FakeClock(), logger });
    const stdin = child.stdin.getWriter();

    const target = await said();
    const rule = await openOnFreePorts(forwarder, 1, (listen) => tcpRule({ listen, target }));
    await stdin.write(utf8.encode(`${rule.listen.start}`));
    assert.equal(await said(), CONNECTIONS);
    const counters = () => forwarder.counters().rules[0] ?? assert.fail("no rule is open");
    assert.equal(counters().activeConnections, CONNECTIONS);

    await stdin.write(utf8.encode("\n"));
    assert.equal((await child.status).code, 0);
    await stdin.close().catch(() => {/* The child does not read its end. */});
    assert.equal((await lines.next()).done, true);
    await until(() => counters().activeConnections === 0);
    assert.equal(counters().bytesIn, BigInt(CONNECTIONS * 3_010));
    assert.equal(counters().bytesOut, BigInt(CONNECTIONS * 3_010));
    assert.deepEqual(logger.of("rule.conn_error"), []);
  });
}
