/**
 * The whole route table: who may call what, and what is refused before a handler sees it.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { RegisteredOperation } from "../../src/api/route.ts";
import { type Json, stringifyJson } from "../../src/core/json.ts";
import { HTTP } from "../../src/core/limits.ts";
import { type Answer, ApiFixture, type RequestOptions } from "../kit/api_fixture.ts";
import { ROUTE_TABLE, type RouteLine } from "./route_table.ts";
import { examplePath, exampleQuery, world } from "./world.ts";

interface Actor {
  readonly name: string;
  /** `null` for nobody. */
  readonly userId: "_superadmin" | "alice" | "bob" | null;
  readonly by: "bearer" | "session" | "nothing";
}

/** What the examples speak of is alice's. */
const ACTORS: readonly Actor[] = [
  { name: "anonymous", userId: null, by: "nothing" },
  ...(["bearer", "session"] as const).flatMap((by): Actor[] => [
    { name: `superadmin by ${by}`, userId: "_superadmin", by },
    { name: `owner by ${by}`, userId: "alice", by },
    { name: `other user by ${by}`, userId: "bob", by },
  ]),
];

/** An operation with its line of the table. */
interface Row {
  readonly line: RouteLine;
  readonly operation: RegisteredOperation;
}

function rows(api: ApiFixture): Row[] {
  return ROUTE_TABLE.map((line) => {
    const operation = api.api.operations.find((it) => nameOf(it) === line.route);
    return { line, operation: operation ?? assert.fail(`${line.route} is not registered`) };
  });
}

const nameOf = ({ method, path }: RegisteredOperation) => `${method} ${path}`;

const targetOf = ({ path, operation: { doc } }: RegisteredOperation) =>
  examplePath(path) + exampleQuery(doc.query);

const bearer = (userId: string) => ({ token: userId === "_superadmin" ? "root" : userId });

/** What the table says that `actor` is answered: a status, or `<status> <code>`. */
function expected(line: RouteLine, { userId, by }: Actor): string {
  const { caller, success, stranger, byBearer } = line;
  const ok = by === "bearer" && byBearer !== undefined ? byBearer : `${success}`;
  if (caller === "anyone") return ok;
  if (caller === "session") return by === "session" ? ok : "401 unauthenticated";
  if (userId === null) return "401 unauthenticated";
  if (userId === "_superadmin") return ok;
  if (caller === "superadmin") return "403 role_required";
  if (caller === "operator") return userId === "bob" ? stranger ?? ok : ok;
  return userId === "alice" ? ok : "403 not_owner";
}

async function ask(api: ApiFixture, { line, operation }: Row, actor: Actor): Promise<string> {
  const { userId, by } = actor;
  const session = userId !== null && by === "session" ? await api.login(userId) : undefined;
  if (line.json && userId !== null) api.setPassword(userId, `password of ${userId}`);
  line.prepare?.(api);
  const credentials = session !== undefined
    ? { session }
    : userId === null
    ? { token: null }
    : bearer(userId);
  const target = targetOf(operation);
  const isThere = !line.publishing || api.publish !== null;
  if (line.route.endsWith("/stream") && isThere && expected(line, actor) === "200") {
    return await openStream(api, target, credentials);
  }
  const json = line.json?.(userId ?? "") ?? operation.operation.doc.bodyExample as Json | undefined;
  return said(
    await api.request(operation.method, target, {
      ...credentials,
      ...(json !== undefined && { json }),
      ...(line.form && { body: line.form() }),
    }),
  );
}

/** A stream does not end by itself. */
async function openStream(
  api: ApiFixture,
  target: string,
  { token, session }: RequestOptions,
): Promise<string> {
  const headers: Record<string, string> = session === undefined
    ? { Authorization: `Bearer ${token}` }
    : { Cookie: `portunus_session=${session}` };
  const response = await api.api.app.request(target, { headers }, { remoteIp: "192.0.2.7" });
  await response.body?.cancel();
  return `${response.status}`;
}

/** `<status> <code>` of an error envelope, else the status. */
const said = (answer: Answer) =>
  answer.status >= 400 && answer.headers.get("content-type") === "application/json"
    ? answer.error
    : `${answer.status}`;

function assertText(answer: Answer, status: number, where: string): void {
  assert.equal(answer.status, status, `${where}: ${answer.text}`);
  assert.equal(answer.headers.get("content-type"), "text/plain; charset=utf-8", where);
}

Deno.test("the routes are those of the table, declared as it says", () => {
  using api = new ApiFixture();
  const registered = api.api.operations.map((it) => {
    const { caller, success, body, bodyIsOptional } = it.operation.doc;
    return {
      route: nameOf(it),
      caller,
      success: success.status,
      body: bodyIsOptional ? "optional" : body ? "required" : "none",
      guarded: it.guarded,
    };
  });
  const listed = ROUTE_TABLE.map(({ route, caller, success, body }) => ({
    route,
    caller,
    success,
    body,
    guarded: caller !== "anyone" && caller !== "session",
  }));
  const byRoute = (a: { route: string }, b: { route: string }) => a.route < b.route ? -1 : 1;
  assert.deepEqual(registered.toSorted(byRoute), listed.toSorted(byRoute));
});

Deno.test("every route lets in whom the table says, by token and by session", async (t) => {
  using catalogue = new ApiFixture();
  using reading = await world();
  for (const row of rows(catalogue)) {
    await t.step(row.line.route, async () => {
      for (const actor of ACTORS) {
        const answer = expected(row.line, actor);
        const changes = answer.startsWith("2") && !row.line.route.startsWith("GET ");
        using own = changes ? await world() : null;
        assert.equal(await ask(own ?? reading, row, actor), answer, actor.name);
      }
    });
  }
});

/** What the table says for a server without `[publish]`. */
function expectedWithoutPublishing(line: RouteLine, guarded: boolean, actor: Actor): string {
  if (!line.publishing) return expected(line, actor);
  return guarded && actor.userId === null ? "401 unauthenticated" : "404 publish_disabled";
}

Deno.test("without [publish] its routes say so to whoever may call, and all others are the same", async () => {
  ApiFixture.publishing = false;
  try {
    using api = await world();
    assert.equal(api.publish, null);
    for (const { line, operation } of rows(api)) {
      const { prepare: _, ...plain } = line;
      const row = { line: line.publishing ? plain : line, operation };
      for (const actor of ACTORS) {
        const answer = expectedWithoutPublishing(line, operation.guarded, actor);
        if (answer.startsWith("2") && !line.route.startsWith("GET ")) continue;
        assert.equal(await ask(api, row, actor), answer, `${line.route} ${actor.name}`);
      }
    }
  } finally {
    ApiFixture.publishing = true;
  }
});

Deno.test("every protected route refuses void tokens, dead sessions and disabled users", async () => {
  using api = await world();
  for (const { line, operation } of rows(api).filter(({ operation: it }) => it.guarded)) {
    const cases: [RequestOptions, string][] = [
      [{ token: "nobody" }, "401 credential_invalid"],
      [{ token: "x".repeat(257) }, "401 credential_invalid"],
      [{ token: "disabled" }, "401 user_disabled"],
      [{ session: "nobody" }, "401 credential_invalid"],
      [{ session: "" }, "401 credential_invalid"],
      [{ token: "root", session: "nobody" }, "401 credential_invalid"],
    ];
    for (const [options, error] of cases) {
      const answer = await api.request(operation.method, targetOf(operation), options);
      assert.equal(said(answer), error, `${line.route} ${stringifyJson(options)}`);
    }
  }
});

Deno.test("every protected route that changes something wants a request of our own pages", async () => {
  using api = await world();
  const session = await api.login("_superadmin");
  const cookie = { token: null, headers: { Cookie: `portunus_session=${session}` } };
  const browser = (headers: Record<string, string>) => ({ session, headers });
  const text = { "Content-Type": "text/plain", "Content-Length": "1" };
  const noMark = { "X-Portunus-CSRF": "" };
  const cases: [RequestOptions, string][] = [
    [cookie, "403 csrf_origin_required"],
    [browser({ Origin: "https://evil.test", ...noMark }), "403 csrf_origin_mismatch"],
    [browser({ ...noMark, ...text }), "403 csrf_header_required"],
    [browser(text), "403 csrf_content_type_required"],
  ];
  for (const { line, operation } of rows(api)) {
    if (line.caller === "anyone" || operation.method === "GET") continue;
    for (const [options, error] of cases) {
      const answer = await api.request(operation.method, targetOf(operation), options);
      assert.equal(said(answer), error, line.route);
    }
  }
});

Deno.test("every protected route is closed to sessions whose password must be changed, but two", async () => {
  using api = await world();
  const session = await api.login("_superadmin", true);
  const open = ["GET /v1/users/me", "POST /v1/users/me/password"];
  for (const { line, operation } of rows(api).filter(({ operation: it }) => it.guarded)) {
    const answer = await api.request(operation.method, targetOf(operation), { session });
    const closed = said(answer) === "403 password_change_required";
    assert.equal(closed, !open.includes(line.route), line.route);
  }
});

Deno.test("every path answers other methods with 405 and Allow, after authentication", async () => {
  using api = await world();
  const all = ["GET", "POST", "PUT", "PATCH", "DELETE"];
  for (const [path, operations] of Map.groupBy(api.api.operations, ({ path }) => path)) {
    const has = operations.map(({ method }): string => method);
    const allow = has.flatMap((method) => method === "GET" ? ["GET", "HEAD"] : [method]);
    const guarded = operations.some((it) => it.guarded);
    for (const method of all.filter((it) => !has.includes(it))) {
      const where = `${method} ${path}`;
      const target = examplePath(path);
      const anonymous = await api.request(method, target, { token: null });
      if (guarded) assert.equal(anonymous.error, "401 unauthenticated", where);
      const answer = guarded ? await api.request(method, target, { token: "bob" }) : anonymous;
      assert.deepEqual([answer.status, answer.text], [405, ""], where);
      const listed = answer.headers.get("allow")?.split(",").toSorted();
      assert.deepEqual(listed, allow.toSorted(), where);
    }
  }
});

Deno.test("every JSON route says 415, 413, 400, 422 in this order, to whoever is let in", async () => {
  using api = await world();
  const huge = "{".repeat(HTTP.bodyMaxBytes + 1);
  const json = "application/json";
  for (const { line, operation } of rows(api).filter((row) => row.line.body !== "none")) {
    const example = operation.operation.doc.bodyExample as { readonly [key: string]: Json };
    const [key = ""] = Object.keys(example);
    const twice = stringifyJson(example).replace("{", `{${stringifyJson(key)}:null,`);
    const cases: [contentType: string, body: string, status: number][] = [
      ["text/plain", huge, 415],
      [json, huge, 413],
      [json, "{", 400],
      [json, `${stringifyJson(example)} x`, 400],
      ...(line.body === "required" ? [[json, "", 400] satisfies [string, string, number]] : []),
      [json, "[]", 422],
      [json, "null", 422],
      [json, twice, 422],
      ...Object.keys(example).map((name): [string, string, number] => [
        json,
        stringifyJson({ ...example, [name]: [[]] }),
        422,
      ]),
    ];
    for (const [type, body, status] of cases) {
      const headers = { "Content-Type": type };
      const target = targetOf(operation);
      const where = `${line.route} ${body.slice(0, 80)}`;
      const send = (token: string) =>
        api.request(operation.method, target, { token, headers, body });
      assertText(await send("bob"), status, where);
      if (operation.guarded) assert.equal(said(await send("x")), "401 credential_invalid", where);
    }
  }
});

Deno.test("every route with typed queries refuses repeated ones, before it asks for the role", async () => {
  using api = await world();
  let asked = 0;
  for (const { line, operation } of rows(api)) {
    for (const key of Object.keys(operation.operation.doc.query?.shape ?? {})) {
      const target = targetOf(operation);
      const query = `${target.includes("?") ? "&" : "?"}${key}=1&${key}=1`;
      const answer = await api.request(operation.method, target + query, { token: "bob" });
      assertText(answer, 400, `${line.route} ${key}`);
      asked++;
    }
  }
  assert.ok(asked > 10, `${asked} queries`);
});

Deno.test("every route of a rule refuses ids that are no u64, before anything of the handler", async () => {
  using api = await world();
  const routes = rows(api).filter(({ line }) => line.route.includes(":rule_id"));
  assert.equal(routes.length, 5);
  for (const { line, operation } of routes) {
    const json = operation.operation.doc.bodyExample as Json | undefined;
    for (const id of ["x", "-1", "1.0", "18446744073709551616"]) {
      const target = operation.path.replace(":rule_id", id);
      const answer = await api.request(operation.method, target, {
        token: "bob",
        ...(json !== undefined && { json }),
      });
      assertText(answer, 400, `${line.route} ${id}`);
    }
  }
});

Deno.test("every route answers 503 while there is no superadmin, unless it is open", async () => {
  using api = await world();
  api.operators.hasSuperadmin = false;
  for (const { line, operation } of rows(api).filter(({ operation: it }) => it.guarded)) {
    for (const token of ["root", null]) {
      const answer = await api.request(operation.method, targetOf(operation), { token });
      assert.equal(said(answer), "503 bootstrap_required", line.route);
    }
  }
});
