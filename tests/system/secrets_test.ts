/**
 * Marked secrets in every place of a request that can hold one, and those that the server makes up
 * itself: none is ever written down, in the database, its log, or the log of the server.
 *
 * @module
 */

import assert from "node:assert/strict";
import { type Lab, labTest, type ServerHandle } from "../kit/lab.ts";
import type { Operator } from "../kit/operator.ts";
import { seeded } from "../kit/seeded.ts";

const seed = Number(Deno.env.get("SECRETS_SEED") ?? Math.floor(Math.random() * 2 ** 31));
const REQUESTS = 600;

/** Members of bodies that are secret. The others are what the server is to remember. */
const SECRET_MEMBERS = /password|token|secret|code/;

interface Example {
  readonly method: string;
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>> | null;
}

/** Every operation with the example of its body, as the server documents them. */
async function examples({ http }: ServerHandle): Promise<Example[]> {
  const response = await fetch(`http://${http}/v1/openapi.json`);
  const { paths } = await response.json() as {
    paths: Record<
      string,
      Record<string, {
        parameters?: { in: string; name: string; schema: { example?: unknown } }[];
        requestBody?: { content: { "application/json"?: { example?: Record<string, unknown> } } };
      }>
    >;
  };
  return Object.entries(paths).flatMap(([template, item]) =>
    Object.entries(item).map(([method, { parameters = [], requestBody }]) => ({
      method: method.toUpperCase(),
      path: template.replaceAll(
        /\{(\w+)\}/g,
        (_, name: string) =>
          String(
            parameters.find((it) => it.in === "path" && it.name === name)?.schema.example ?? 0,
          ),
      ),
      // An upload has no example.
      body: requestBody?.content["application/json"]?.example ?? null,
    }))
  ).filter(({ path }) => !path.endsWith("/stream") && path !== "/v1/openapi.json");
}

/** Makes secrets, and remembers them. */
class Marks {
  readonly all = new Set<string>();
  readonly random: () => number;

  constructor(random: () => number) {
    this.random = random;
  }

  /** A secret that passes for a token, a password or anything else. */
  make(): string {
    const digits = () => Math.floor(this.random() * 2 ** 32).toString(16).padStart(8, "0");
    const mark = `mArKeD-${digits()}${digits()}`;
    this.all.add(mark);
    return mark;
  }

  chance(probability: number): boolean {
    return this.random() < probability;
  }
}

/** `body` with marks for what is secret in it, among what nobody asked for, or broken. */
function markedBody(body: Example["body"], marks: Marks): string | null {
  if (body === null) return null;
  const entries = Object.entries(body).map(([name, value]) => [
    name,
    SECRET_MEMBERS.test(name) && typeof value === "string" ? marks.make() : value,
  ]);
  const marked = { ...Object.fromEntries(entries), unknown: { password: marks.make() } };
  const text = JSON.stringify(marked);
  if (marks.chance(0.1)) return text.slice(0, text.length - 1 - Math.floor(marks.random() * 9));
  if (marks.chance(0.1)) return JSON.stringify([marks.make(), marked]);
  return text;
}

function markedRequest(example: Example, operator: Operator, marks: Marks): [string, RequestInit] {
  const headers = new Headers({ "User-Agent": "secrets test", "X-Api-Key": marks.make() });
  if (marks.chance(0.6)) headers.set("Authorization", `Bearer ${operator.token}`);
  else if (marks.chance(0.5)) headers.set("Authorization", `Bearer ${marks.make()}`);
  else headers.set("Cookie", `portunus_session=${marks.make()}; other=${marks.make()}`);
  if (marks.chance(0.3)) headers.set("Origin", `http://${marks.make()}`);
  if (marks.chance(0.3)) headers.set("X-Portunus-CSRF", marks.make());
  if (marks.chance(0.2)) headers.set("Referer", `http://x/?token=${marks.make()}`);
  const body = markedBody(example.body, marks);
  if (body !== null) {
    const type = marks.chance(0.9) ? "application/json" : `text/plain; boundary=${marks.make()}`;
    headers.set("Content-Type", type);
  }
  const query = marks.chance(0.7) ? `?token=${marks.make()}&cursor=${marks.make()}` : "";
  const url = `http://${operator.http}${example.path}${query}`;
  return [url, { method: example.method, headers, body }];
}

/** Sends what `example` asks for with marks in it, and remembers the secrets of the answer, too. */
async function send(example: Example, operator: Operator, marks: Marks): Promise<void> {
  const response = await fetch(...markedRequest(example, operator, marks));
  const text = await response.text();
  const about = `${example.method} ${example.path}`;
  assert.ok(
    response.status < 500 || response.status === 504,
    `${about}: ${response.status} ${text}`,
  );
  for (const mark of marks.all) {
    assert.ok(!text.includes(mark), `${about} answers with a secret`);
  }
  for (const [, secret = ""] of text.matchAll(/"(?:token|temporary_password)":"([^"]+)"/g)) {
    marks.all.add(secret);
  }
  const [, code] = /[?&]code=([\w-]{43})/.exec(text) ?? [];
  if (code !== undefined) marks.all.add(code);
}

/** A login that works, and one that does not; the cookie's secret is remembered. */
async function logIn(operator: Operator, marks: Marks): Promise<void> {
  const password = marks.make();
  const created = await operator.api("POST", "/v1/users", {
    user_id: "dora",
    display_name: "Dora",
    initial_password: password,
  });
  assert.equal(created.status, 201);
  for (const [tried, status] of [[marks.make(), 401], [password, 200]] as const) {
    const response = await fetch(`http://${operator.http}/v1/auth/login`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ user_id: "dora", password: tried }),
    });
    await response.body?.cancel();
    assert.equal(response.status, status);
    const [, cookie] = /^portunus_session=([^;]+)/.exec(response.headers.get("set-cookie") ?? "") ??
      [];
    if (cookie !== undefined) marks.all.add(cookie);
  }
}

/** Everything the server has written down, by where. */
async function written(lab: Lab, server: ServerHandle): Promise<Map<string, string>> {
  const found = new Map([[
    "the log",
    server.process.logs.lines.map(({ text }) => text).join("\n"),
  ]]);
  for await (const { name, isFile } of Deno.readDir(server.dataDir)) {
    if (!isFile || !name.startsWith("state.db")) continue;
    const bytes = await Deno.readFile(`${server.dataDir}/${name}`);
    found.set(name, new TextDecoder("latin1").decode(bytes));
  }
  assert.ok(found.has("state.db-wal"), `${lab.dir} has no write-ahead log`);
  return found;
}

labTest(`no secret of a request is written down anywhere [SECRETS_SEED=${seed}]`, async (lab) => {
  const { server, operator, client } = await lab.connected();
  const marks = new Marks(seeded(seed));
  marks.all.add(operator.token);
  marks.all.add(
    (JSON.parse(await Deno.readTextFile(lab.path("edge-01.json"))) as { token: string })
      .token,
  );
  await logIn(operator, marks);
  const all = await examples(server);
  assert.ok(all.length > 40, `${all.length} operations`);
  for (let i = 0; i < REQUESTS; i++) {
    const example = all[Math.floor(marks.random() * all.length)];
    if (example) await send(example, operator, marks);
  }
  // The last batch of the audit trail is written before the server says that it has ended.
  const running = await written(lab, server);
  assert.equal(await client.stop(), 0);
  assert.equal(await server.process.stop(), 0);
  const places = new Map([...running, [
    "the log at the end",
    server.process.logs.lines.map(({ text }) => text).join("\n"),
  ]]);
  places.set(
    "state.db at the end",
    new TextDecoder("latin1").decode(await Deno.readFile(`${server.dataDir}/state.db`)),
  );
  assert.match(
    places.get("state.db at the end") ?? "",
    /credential_invalid/,
    "denials are recorded",
  );
  for (const [place, text] of places) {
    for (const mark of marks.all) assert.ok(!text.includes(mark), `${place} has ${mark}`);
  }
});
