import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  bytesFrom,
  connectResettable,
  echo,
  ended,
  listenResettable,
  readAll,
  readExactly,
  seeded,
  stalled,
  startRig,
  until,
  VARIANTS,
  writeAll,
} from "./kit.ts";

const MIB = 1024 * 1024;
const utf8 = new TextEncoder();
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** Set it to run the random tests with the numbers of an earlier run. */
const seed = Number(Deno.env.get("PORTUNUS_TEST_SEED") ?? Math.floor(Math.random() * 2 ** 32));

for (const variant of VARIANTS) {
  const title = (what: string) => `tcp [${variant.name}] ${what}`;

  Deno.test(title("both streams arrive as they were sent, in any chunks"), async (t) => {
    await t.step(`seed ${seed}`, async () => {
      const random = seeded(seed);
      await using rig = await startRig(variant);
      for (let round = 0; round < 5; round++) {
        const { client, target } = await rig.pair();
        const streams = [client, target].map((connection) => ({
          connection,
          data: bytesFrom(random, Math.floor(random() * MIB)),
        }));
        const received = await Promise.all([
          ...streams.map(({ connection, data }) => sendInChunks(connection, data, random)),
          readAll(target),
          readAll(client),
        ]);
        assert.deepEqual(received.slice(2), streams.map(({ data }) => data));
      }
    });
  });

  // What a range adds is over once a connection is accepted.
  const mib = variant.ports === 1 ? 64 : 8;
  Deno.test(title(`${mib} MiB come back unchanged from an echo`), async () => {
    await using rig = await startRig(variant);
    rig.targets.serve(echo);
    const client = await rig.connect();
    const chunk = bytesFrom(seeded(64), MIB);
    const sent = createHash("sha256");
    const send = async () => {
      for (let i = 0; i < mib; i++) {
        chunk[0] = i;
        sent.update(chunk);
        await writeAll(client, chunk);
      }
      await client.closeWrite();
    };
    const received = createHash("sha256");
    let length = 0;
    const receive = async () => {
      const buffer = new Uint8Array(MIB);
      for (let n = await client.read(buffer); n !== null; n = await client.read(buffer)) {
        received.update(buffer.subarray(0, n));
        length += n;
      }
    };

    await Promise.all([send(), receive()]);

    assert.equal(length, mib * MIB);
    assert.equal(received.digest("hex"), sent.digest("hex"));
  });

  Deno.test(title("the target answers after the client has ended its stream"), async () => {
    await using rig = await startRig(variant);
    const { client, target } = await rig.pair();
    await writeAll(client, utf8.encode("question"));
    await client.closeWrite();
    assert.equal(text(await readAll(target)), "question");
    await writeAll(target, utf8.encode("answer"));
    await target.closeWrite();
    assert.equal(text(await readAll(client)), "answer");
    await rig.logger.seen("rule.conn_closed");
  });

  Deno.test(title("the client goes on after the target has ended its stream"), async () => {
    await using rig = await startRig(variant);
    const { client, target } = await rig.pair();
    await target.closeWrite();
    assert.equal(await client.read(new Uint8Array(1)), null);
    await writeAll(client, utf8.encode("still "));
    assert.equal(text(await readExactly(target, 6)), "still ");
    await writeAll(client, utf8.encode("here"));
    await client.closeWrite();
    assert.equal(text(await readAll(target)), "here");
    await rig.logger.seen("rule.conn_closed");
  });

  Deno.test(title("a reset by the client ends the connection and nothing else"), async () => {
    await using rig = await startRig(variant);
    const [client, target] = await Promise.all([
      connectResettable(variant.loopback, rig.rule.listen.end),
      rig.targets.accept(),
    ]);
    await writeAll(target, utf8.encode("x"));
    await once(client, "data");
    client.resetAndDestroy();

    await ended(target);
    await rig.logger.seen("rule.conn_error");
    const { activeConnections, bytesIn, bytesOut } = rig.counters();
    assert.deepEqual({ activeConnections, bytesIn, bytesOut }, {
      activeConnections: 0,
      bytesIn: 0n,
      bytesOut: 1n,
    });
    const next = await rig.pair();
    await writeAll(next.client, utf8.encode("next"));
    assert.equal(text(await readExactly(next.target, 4)), "next");
  });

  Deno.test(title("a reset by the target ends the connection and nothing else"), async () => {
    using resettable = await listenResettable(variant.loopback);
    const targetPorts = { start: resettable.port - variant.ports + 1, end: resettable.port };
    await using rig = await startRig(variant, { targetPorts });
    const [client, target] = await Promise.all([rig.connect(), resettable.accept()]);
    const heard = once(target, "data");
    await writeAll(client, utf8.encode("x"));
    await heard;
    target.resetAndDestroy();

    await ended(client);
    await rig.logger.seen("rule.conn_error");
    const { activeConnections, bytesIn, bytesOut } = rig.counters();
    assert.deepEqual({ activeConnections, bytesIn, bytesOut }, {
      activeConnections: 0,
      bytesIn: 1n,
      bytesOut: 0n,
    });
  });

  Deno.test(title("a reset by a target that does not read frees the client"), async () => {
    using resettable = await listenResettable(variant.loopback);
    const targetPorts = { start: resettable.port - variant.ports + 1, end: resettable.port };
    await using rig = await startRig(variant, { targetPorts });
    const [client, target] = await Promise.all([rig.connect(), resettable.accept()]);
    const chunk = new Uint8Array(MIB);
    let accepted = 0;
    const flooding = (async () => {
      while (true) accepted += await client.write(chunk);
    })();
    await stalled(() => accepted);

    target.resetAndDestroy();

    await assert.rejects(flooding);
    await rig.logger.seen("rule.conn_error");
    assert.equal(rig.counters().activeConnections, 0);
  });

  for (const side of ["client", "target"] as const) {
    Deno.test(title(`a ${side} that does not read holds the other side back`), async () => {
      await using rig = await startRig(variant);
      const { client, target } = await rig.pair();
      const [reader, writer] = side === "client" ? [client, target] : [target, client];
      const offered = 128;
      const chunk = bytesFrom(seeded(128), MIB);
      let accepted = 0;
      const writing = (async () => {
        for (let i = 0; i < offered; i++) {
          for (let rest = chunk; rest.length > 0;) {
            const count = await writer.write(rest);
            accepted += count;
            rest = rest.subarray(count);
          }
        }
        await writer.closeWrite();
      })();

      await stalled(() => accepted);
      assert.ok(accepted > 0);
      assert.ok(accepted < 32 * MIB, `${accepted} bytes were taken for a reader that reads none`);

      const received = createHash("sha256");
      const buffer = new Uint8Array(MIB);
      for (let n = await reader.read(buffer); n !== null; n = await reader.read(buffer)) {
        received.update(buffer.subarray(0, n));
      }
      await writing;
      const sent = createHash("sha256");
      for (let i = 0; i < offered; i++) sent.update(chunk);
      assert.equal(received.digest("hex"), sent.digest("hex"));
    });
  }

  Deno.test(title("500 connections at a time do not mix"), async () => {
    await using rig = await startRig(variant);
    rig.targets.serve(echo);
    const clients = await Promise.all(
      Array.from({ length: 500 }, (_, i) => rig.connect(i % variant.ports)),
    );
    await Promise.all(clients.map(async (client, i) => {
      const message = utf8.encode(`${i},`.repeat(200));
      await writeAll(client, message);
      assert.deepEqual(await readExactly(client, message.length), message);
    }));
    assert.equal(rig.counters().activeConnections, 500);
    await Promise.all(clients.map(async (client, i) => {
      await writeAll(client, utf8.encode(`bye ${i}`));
      await client.closeWrite();
      assert.equal(text(await readAll(client)), `bye ${i}`);
    }));
    await until(() => rig.counters().activeConnections === 0);
  });
}

async function sendInChunks(
  connection: Deno.Conn,
  data: Uint8Array,
  random: () => number,
): Promise<void> {
  for (let at = 0; at < data.length;) {
    // Many small ones, some large: the sizes are spread evenly over the orders of magnitude.
    const end = at + Math.ceil(2 ** (random() * 18));
    await writeAll(connection, data.subarray(at, end));
    at = end;
  }
  await connection.closeWrite();
}
