/** A control session of a client, over a fake stream and a fake data plane. */

import assert from "node:assert/strict";
import type { RuleSpec } from "../../src/core/rule.ts";
import { runSession } from "../../src/edge/control_session.ts";
import { RuleTable } from "../../src/edge/rule_table.ts";
import { tcpRule } from "../forward/rules.ts";
import { FakeClock } from "./fake_clock.ts";
import { FakeForwarder } from "./fake_forwarder.ts";
import { FakeClientStream } from "./fake_streams.ts";
import { welcome } from "./messages.ts";
import { RecordingLogger } from "./recording_logger.ts";
import { turn } from "./turn.ts";

/** A rule on a port of its own. */
export const sessionRule = (id: bigint, target = 80): RuleSpec =>
  tcpRule({ id, listen: 1_000 + Number(id), target });

/** The headers of a server that says how many rules it will replay. */
export const announce = (rules: number | string) => ({ "portunus-replay-rules": `${rules}` });

export class SessionFixture {
  readonly clock = new FakeClock();
  readonly logger = new RecordingLogger();
  readonly forwarder = new FakeForwarder();
  readonly stopping = new AbortController();
  readonly stream: FakeClientStream;
  readonly table = new RuleTable({
    forwarder: this.forwarder,
    drainMs: 30_000,
    logger: this.logger,
  });
  connected = 0;

  constructor(headers: Readonly<Record<string, string>> = announce(0)) {
    this.stream = new FakeClientStream(headers);
  }

  run(): Promise<void> {
    return runSession({
      stream: this.stream,
      table: this.table,
      clock: this.clock,
      logger: this.logger,
      statsIntervalMs: 5_000,
      onConnected: () => this.connected += 1,
      stop: this.stopping.signal,
    });
  }

  /** Starts a session that is greeted; its Hello is read already. */
  async connect(): Promise<{ readonly done: Promise<void> }> {
    const done = this.run();
    this.stream.receive(welcome());
    assert.equal((await this.stream.sent.next())?.payload.case, "hello");
    await turn();
    return { done };
  }

  /** Rules that run before the session, as after a lost connection. */
  async seed(...ids: readonly bigint[]): Promise<void> {
    for (const id of ids) await this.table.push(`p${id}`, sessionRule(id), "command");
    this.forwarder.calls.length = 0;
  }

  async end(done: Promise<void>): Promise<void> {
    this.stream.end();
    await done;
    assert.equal(this.clock.pending, 0, "no timer outlives the session");
  }
}
