/** `rules export` and `rules apply` against a real server and a real client. */

import assert from "node:assert/strict";
import { TestConn } from "../kit/conn.ts";
import { labTest } from "../kit/lab.ts";
import { freePort, freeRange } from "../kit/ports.ts";
import { echoTarget } from "../kit/targets.ts";

labTest(
  "what was exported applies without a change, and an edit changes what it says",
  async (lab) => {
    const { operator } = await lab.connected();
    const target = lab.use(echoTarget());
    const [web, gone, shared] = [freePort(), freePort(), freePort()];
    const range = freeRange(2);
    const push = (...args: string[]) => operator.ok(["push-rule", "edge-01", ...args]);
    await push(`${web}`, `127.0.0.1:${target.port}`);
    await push(`${gone}`, `127.0.0.1:${target.port}`, "--concurrent-connections", "5");
    await push(`${range}-${range + 1}`, "127.0.0.1:9000-9001", "--protocol", "udp");
    await push(
      `${shared}`,
      "--sni",
      "*.example.com",
      "--target",
      "a.test:443",
      "--target",
      "b.test:1@9",
    );
    using conn = await TestConn.open(web);
    assert.equal(await conn.echo("before"), "before");

    const file = lab.path("fleet.toml");
    const exported = await operator.ok(["rules", "export"]);
    await Deno.writeTextFile(file, exported);
    const apply = (...more: string[]) => operator.ok(["rules", "apply", "-f", file, ...more]);
    const same = "0 to create, 0 to change, 0 to replace, 0 to remove, 4 unchanged\n";
    assert.equal(await apply("--prune"), same);

    const moved = freePort();
    await Deno.writeTextFile(
      file,
      exported.replace(`listen_port = ${gone}\n`, `listen_port = ${moved}\n`),
    );
    const output = await apply("--prune");
    assert.match(output, new RegExp(`^\\+ edge-01 tcp ${moved} `, "m"));
    assert.match(output, new RegExp(`^removed rule \\d+: edge-01 tcp ${gone}$`, "m"));
    using other = await TestConn.open(moved);
    assert.equal(await other.echo("moved"), "moved");
    assert.equal(await conn.echo("after"), "after", "an unchanged rule keeps its connections");
    assert.equal(await apply("--prune"), same);
  },
);
