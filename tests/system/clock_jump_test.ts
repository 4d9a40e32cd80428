/** Clocks that are wrong, and clocks that jump, in real processes. */

import assert from "node:assert/strict";
import { TestConn } from "../kit/conn.ts";
import { type Lab, labTest } from "../kit/lab.ts";
import type { LogLine } from "../kit/logs.ts";
import { freePort } from "../kit/ports.ts";
import type { TestProcess } from "../kit/process.ts";
import { sourcePrograms } from "../kit/programs.ts";
import { echoTarget } from "../kit/targets.ts";

const yearOf = ({ text }: LogLine): number =>
  new Date((JSON.parse(text) as { timestamp: string }).timestamp).getFullYear();

/** A client with a clock that was never right. */
function clientIn(lab: Lab, bundle: string, days: number): TestProcess {
  const { client } = sourcePrograms({ preload: `clock_jump.ts?days=${days}` });
  return lab.spawn("portunus-client", [...client, "--bundle", bundle]);
}

labTest(
  "clocks that jump by years interrupt nothing, and lose no byte",
  async (lab) => {
    const { server, operator, client, bundle } = await lab.connected({
      clientArgs: ["--stats-report-interval-secs", "1"],
    });
    const target = lab.use(echoTarget());
    const port = freePort();
    const id = await operator.push("edge-01", port, `127.0.0.1:${target.port}`);
    using conn = await TestConn.open(port);
    assert.equal(await conn.echo("12345678"), "12345678");

    const thisYear = new Date().getFullYear();
    for (const [round, year] of [thisYear + 10, thisYear - 10].entries()) {
      client.signal("SIGUSR2");
      server.process.signal("SIGUSR2");
      const mark = server.process.mark();
      const isThen = async () => {
        const line = await server.process.event("client.stats_report", {}, server.process.mark());
        return Math.abs(yearOf(line) - year) <= 1;
      };
      assert.ok(await isThen() || await isThen(), `it is ${year}`);
      assert.equal(await conn.echo("abcdefgh"), "abcdefgh");
      using another = await TestConn.open(port);
      assert.equal(await another.echo("a new one"), "a new one");
      await operator.push("edge-01", freePort(), `127.0.0.1:${target.port}`);
      const bytes = 8 + (round + 1) * (8 + 9);
      await operator.counters(
        server.process,
        [id],
        new RegExp(`bytes_in=${bytes} bytes_out=${bytes} `),
      );
      assert.deepEqual(
        server.process.logs.lines.slice(mark).filter(({ event }) =>
          event === "client.disconnected"
        ),
        [],
      );
    }
    assert.deepEqual(client.logs.all("control.disconnected"), []);

    // Neither before the server's certificate is valid nor after: what counts is the pin.
    for (const days of [-9_000, 9_000]) {
      const wrong = clientIn(lab, bundle, days);
      await wrong.event("control.connected");
      assert.equal(await wrong.stop(), 0);
    }
  },
  () => sourcePrograms({ preload: "clock_jump.ts?days=0,3650,-3650" }),
);
