import assert from "node:assert/strict";
import { INGRESS } from "../../core/publish_limits.ts";
import { IngressFixture } from "../../../tests/kit/ingress_fixture.ts";
import { turn } from "../../../tests/kit/turn.ts";

const GET = "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n";
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

Deno.test("ClientConnection cuts clients that take too long over a head", async () => {
  for (const begun of ["", "G", GET.slice(0, -2)]) {
    const fixture = new IngressFixture();
    const client = fixture.client();
    await client.send(begun);
    await turn();
    fixture.clock.advance(INGRESS.headTimeoutMs - 1);
    assert.equal(fixture.open.size, 1);
    fixture.pass(1);
    assert.equal(await client.rest(), "");
    assert.equal(fixture.open.size, 0);
  }
});

Deno.test("ClientConnection gives no more time for every byte of a head", async () => {
  const fixture = new IngressFixture();
  const client = fixture.client();
  const steps = 40;
  for (let i = 0; i < steps && !client.isEnded; i++) {
    await client.send(GET[i] ?? "");
    await turn();
    fixture.clock.advance(1_000);
  }
  assert.equal(await client.rest(), "");
  assert.equal(fixture.open.size, 0);
});

Deno.test("ClientConnection keeps an idle client for a while, and then no longer", async () => {
  const fixture = new IngressFixture();
  const client = fixture.client();
  await client.send(GET);
  const upstream = await fixture.upstream();
  await upstream.until("\r\n\r\n");
  // An upstream may think for longer than a client may be idle.
  fixture.pass(2 * INGRESS.idleTimeoutMs);
  await upstream.send(OK);
  assert.equal(await client.until("ok"), OK);
  await turn();
  fixture.clock.advance(INGRESS.idleTimeoutMs - 1);
  assert.equal(fixture.open.size, 1);
  fixture.pass(1);
  assert.equal(await client.rest(), "");
});

Deno.test("ClientConnection cuts a client whose body does not come, and its upstream with it", async () => {
  const fixture = new IngressFixture();
  const client = fixture.client();
  await client.send("POST / HTTP/1.1\r\nHost: app.test\r\nContent-Length: 9\r\n\r\nabc");
  const upstream = await fixture.upstream();
  await upstream.until("abc");
  await turn();
  fixture.pass(INGRESS.stalledTimeoutMs);
  assert.equal(await client.rest(), "");
  assert.equal(await upstream.rest(), "");
  assert.equal(fixture.open.size, 0);
});

Deno.test("ClientConnection cuts a client that takes nothing of its answer", async () => {
  const fixture = new IngressFixture();
  const client = fixture.client();
  await client.send(GET);
  const upstream = await fixture.upstream();
  await upstream.until("\r\n\r\n");
  client.takesNothing = true;
  await upstream.send(OK);
  await turn();
  fixture.pass(INGRESS.stalledTimeoutMs);
  assert.equal(fixture.open.size, 0);
});

Deno.test("ClientConnection answers what is under way when it is drained, and then ends", async () => {
  const fixture = new IngressFixture();
  const [idle, busy] = [fixture.client(), fixture.client()];
  await busy.send(GET);
  const upstream = await fixture.upstream();
  await upstream.until("\r\n\r\n");
  for (const connection of fixture.open) connection.drain();
  assert.equal(await idle.rest(), "");
  assert.equal(fixture.open.size, 1);
  await upstream.send(OK);
  assert.equal(await busy.rest(), OK.replace("Content", "Connection: close\r\nContent"));
  busy.close();
  await turn();
  assert.equal(fixture.open.size, 0);
});

Deno.test("ClientConnection does not wait long for a client that it has refused", async () => {
  const fixture = new IngressFixture();
  const client = fixture.client();
  await client.send("nonsense\r\n\r\n");
  assert.match(await client.until("Request\n"), /^HTTP\/1.1 400 Bad Request\r\n/);
  await client.send("more of it");
  await turn();
  assert.equal(fixture.open.size, 1);
  fixture.pass(INGRESS.lingerMs);
  assert.equal(fixture.open.size, 0);
});

Deno.test("ClientConnection leaves nothing behind that waits for time to pass", async () => {
  const fixture = new IngressFixture();
  const client = fixture.client();
  await client.send(GET);
  const upstream = await fixture.upstream();
  await upstream.until("\r\n\r\n");
  await upstream.send(OK);
  await client.until("ok");
  client.close();
  await turn();
  fixture.pool.close();
  assert.equal(fixture.open.size, 0);
  assert.equal(fixture.clock.pending, 0);
});
