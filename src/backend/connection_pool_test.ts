import assert from "node:assert/strict";
import { ConnectionPool } from "./connection_pool.ts";
import type { SqlConnection } from "./sql.ts";

class FakeConnection implements SqlConnection {
  usable = true;
  closed = false;

  query = () => Promise.resolve({ rows: [], changes: 0 });
  begin = () => Promise.resolve();
  commit = () => Promise.resolve();
  rollback = () => Promise.resolve();
  close(): void {
    this.usable = false;
    this.closed = true;
  }
}

/** A pool, and the connections that it opened. */
function poolOf(max: number) {
  const opened: FakeConnection[] = [];
  const pool = new ConnectionPool(() => {
    const connection = new FakeConnection();
    opened.push(connection);
    return Promise.resolve(connection);
  }, max);
  return { pool, opened };
}

const never = new AbortController().signal;

Deno.test("ConnectionPool uses what comes back before it opens another", async () => {
  const { pool, opened } = poolOf(2);
  const first = await pool.acquire(never);
  assert.equal(first.reused, false);
  pool.release(first.connection);
  const second = await pool.acquire(never);
  assert.deepEqual([second.reused, second.connection === first.connection], [true, true]);
  assert.equal(opened.length, 1);
});

Deno.test("ConnectionPool opens no more than it may, and serves who waits in order", async () => {
  const { pool, opened } = poolOf(1);
  const { connection } = await pool.acquire(never);
  const served: number[] = [];
  const waiting = [1, 2].map(async (n) => {
    const lease = await pool.acquire(never);
    served.push(n);
    pool.release(lease.connection);
  });
  assert.equal(pool.inUse, 1);
  pool.release(connection);
  await Promise.all(waiting);
  assert.deepEqual(served, [1, 2]);
  assert.equal(opened.length, 1);
});

Deno.test("ConnectionPool replaces what is broken", async () => {
  const { pool, opened } = poolOf(1);
  const { connection } = await pool.acquire(never);
  connection.close();
  pool.release(connection);
  const next = await pool.acquire(never);
  assert.deepEqual([next.reused, opened.length], [false, 2]);
  pool.release(next.connection);
  opened[1]?.close();
  assert.equal((await pool.acquire(never)).reused, false, "it broke while it was idle");
});

Deno.test("ConnectionPool lets who waits give up, and serves the next one", async () => {
  const { pool } = poolOf(1);
  const { connection } = await pool.acquire(never);
  const impatient = new AbortController();
  const given = pool.acquire(impatient.signal);
  const next = pool.acquire(never);
  impatient.abort(new Error("too long"));
  await assert.rejects(given, /too long/);
  pool.release(connection);
  assert.equal((await next).connection, connection);
});

Deno.test("ConnectionPool goes on when a connection cannot be opened", async () => {
  let attempts = 0;
  const pool = new ConnectionPool(() => {
    if (attempts++ === 0) return Promise.reject(new Error("refused"));
    return Promise.resolve(new FakeConnection());
  }, 1);
  const [first, second] = [pool.acquire(never), pool.acquire(never)];
  await assert.rejects(first, /refused/);
  assert.ok((await second).connection.usable);
  assert.equal(attempts, 2);
});

Deno.test("ConnectionPool closes everything with itself, what comes late too", async () => {
  const { pool, opened } = poolOf(2);
  const lent = await pool.acquire(never);
  const idle = await pool.acquire(never);
  pool.release(idle.connection);
  pool[Symbol.dispose]();
  assert.ok(opened.every(({ closed }) => closed));
  pool.release(lent.connection);
  await assert.rejects(pool.acquire(never), /closed/);
});
