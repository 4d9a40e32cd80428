/**
 * What a case of the golden suite runs in: an operator API, a data directory.
 *
 * @module
 */

import assert from "node:assert/strict";
import { main as client } from "../../src/client/main.ts";
import { main as server } from "../../src/server/main.ts";
import { ApiFixture } from "../kit/api_fixture.ts";
import { silent } from "../kit/connected_edge.ts";
import { TempDataDir } from "../kit/data_dir.ts";
import { FakeIo } from "../kit/fake_io.ts";
import { ruleStatus } from "../kit/messages.ts";
import { AUDIT } from "../../src/core/limits.ts";
import { ActivationOutcome } from "../../src/wire/gen/portunus/v1/portunus_pb.ts";
import { parsePortSpec } from "../../src/core/port_spec.ts";
import { parseJson } from "../../src/core/json.ts";
import { type Case, splitWords } from "./case_file.ts";

/** What came of a case. */
export interface Outcome {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
  /** `METHOD target body`, a line each. */
  readonly requests: string;
}

const ENVIRONMENT = { PORTUNUS_OPERATOR_TOKEN: "root", RUST_LOG: "off", HOSTNAME: "lab" };

/** Runs the command of a case in this process, in the surroundings that it asks for. */
export async function runCase(it: Case): Promise<Outcome> {
  await using stack = new AsyncDisposableStack();
  const requests: string[] = [];
  const api = openApi(it, requests, stack);
  const store = it.head.has("store") ? stack.use(new TempDataDir()) : null;
  for (const line of it.head.get("store") ?? []) await prepareStore(store, line, stack);
  const names: Record<string, string> = {
    dir: store?.path ?? "",
    endpoint: (await api) ?? "",
  };
  const fill = (text: string) =>
    text.replace(/\{(dir|endpoint)\}/g, (_, name) => names[name] ?? "");
  const { io, exit } = await run(it.program, [
    ...it.args.map(fill),
    ...(names["endpoint"] && !it.args.includes("--endpoint-url")
      ? ["--http-endpoint", names["endpoint"]]
      : []),
    ...(store && it.program === "portunus-server" ? ["--data-dir", store.path] : []),
  ], {
    env: {
      ...ENVIRONMENT,
      ...Object.fromEntries((it.head.get("env") ?? []).map((line) => {
        const equals = line.indexOf("=");
        return [line.slice(0, equals), fill(line.slice(equals + 1))];
      })),
    },
    stdin: (it.head.get("stdin") ?? []).join("\n"),
    terminal: it.head.has("terminal"),
  });
  const anonymous = (text: string) =>
    Object.entries(names).reduce(
      (rest, [name, value]) => value === "" ? rest : rest.replaceAll(value, `{${name}}`),
      text,
    );
  const text = (lines: readonly string[]) => anonymous(lines.map((line) => `${line}\n`).join(""));
  return { exit, stdout: text(io.stdout), stderr: text(io.stderr), requests: text(requests) };
}

interface RunOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly terminal?: boolean;
}

async function run(
  program: Case["program"],
  args: readonly string[],
  { env, stdin = "", terminal = false }: RunOptions,
): Promise<{ io: FakeIo; exit: number }> {
  const io = new FakeIo(env, stdin);
  io.onTerminal = terminal;
  const main = program === "portunus-server" ? server : client;
  return { io, exit: await main(args, io) };
}

/** Serves the API that the case asks for; returns its `host:port`, `null` for none. */
async function openApi(
  { head }: Case,
  requests: string[],
  stack: AsyncDisposableStack,
): Promise<string | null> {
  const canned = head.get("answer")?.[0];
  const lines = head.get("api");
  if (canned === undefined && lines === undefined) return null;
  const answer = canned === undefined
    ? await realApi(lines ?? [], stack)
    : () => cannedAnswer(canned);
  const listener = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => undefined },
    async (request) => {
      const { pathname, search } = new URL(request.url);
      const body = await request.clone().text();
      requests.push(`${request.method} ${pathname}${search} ${body}`.trimEnd());
      return await answer(request);
    },
  );
  stack.defer(() => listener.shutdown());
  return `127.0.0.1:${listener.addr.port}`;
}

/** `<status> <body>`, or `error <status> <code> <message>`. */
function cannedAnswer(line: string): Response {
  const [, status, code, message] = /^error (\d+) (\S+) (.*)$/.exec(line) ?? [];
  if (status !== undefined) {
    const body = JSON.stringify({ error: { code, message } });
    return new Response(body, { status: Number(status) });
  }
  const space = line.indexOf(" ");
  return new Response(space < 0 ? null : line.slice(space + 1), {
    status: Number(space < 0 ? line : line.slice(0, space)),
  });
}

async function realApi(lines: readonly string[], stack: AsyncDisposableStack) {
  const fixture = stack.use(new ApiFixture());
  for (const line of lines) await prepareApi(fixture, line);
  fixture.clock.advance(AUDIT.batchWindowMs);
  return async (request: Request) =>
    await fixture.api.app.fetch(request, { remoteIp: "192.0.2.7" });
}

/** Clients by name; the last one has an id as real ones have. */
const EDGES: Readonly<Record<string, string>> = {
  "edge-01": "C1",
  "edge-02": "C2",
  "edge-04": "01JABCDEFGHJKMNPQRSTVWXYZ1",
};

/** One step of preparation; `as <token>` before a request says who makes it. */
async function prepareApi(fixture: ApiFixture, line: string): Promise<void> {
  const [verb = "", first = "", ...rest] = splitWords(line);
  switch (verb) {
    case "-":
      return;
    case "edge": {
      const [version = "3.1.0", answer = "activates"] = rest;
      const identity = { clientId: EDGES[first] ?? "", clientName: first };
      const edge = fixture.connect(identity, version);
      if (answer === "silent") edge.answer = silent;
      if (answer.startsWith("fails:")) {
        edge.answer = ({ requestId, rule }) =>
          ruleStatus({
            requestId,
            ruleId: rule?.ruleId ?? 0n,
            outcome: ActivationOutcome.FAILED,
            reason: answer.slice("fails:".length),
          });
      }
      return;
    }
    case "client":
      fixture.db.addClient({
        clientId: first,
        clientName: rest[0] ?? "",
        revoked: rest.includes("revoked"),
      });
      return;
    case "grant": {
      const [client = "", ports = "", protocol = "tcp"] = rest;
      const grant = { client, listen: parsePortSpec(ports), protocols: [protocol as "tcp"] };
      fixture.operators.grants.set(first, [grant]);
      return;
    }
    case "unclaimed":
      fixture.operators.hasSuperadmin = false;
      return;
    case "counters": {
      const session = fixture.registry.get(first);
      assert.ok(session, `${first} is not connected`);
      fixture.report(session, bigints(line.slice(line.indexOf("{"))));
      return;
    }
    case "as":
      return await request(fixture, { token: first, line: line.slice(`as ${first} `.length) });
    default:
      return await request(fixture, { token: "root", line });
  }
}

/** Members of a message of the protocol: its counters are 64 bits wide. */
function bigints(text: string) {
  const wide = /^(ruleId|bytes|datagrams|last|dns|flowsDropped|targetFailovers|connectionsAcc)/;
  return JSON.parse(
    text,
    (key, value) => wide.test(key) && typeof value === "number" ? BigInt(value) : value,
  );
}

/** `METHOD /path [json]`: has to be answered as `line` says before a `->`, by success if it says nothing. */
async function request(
  fixture: ApiFixture,
  { token, line }: { readonly token: string; readonly line: string },
): Promise<void> {
  const [, method = "", path = "", body = "", expected] =
    /^(\S+) (\S+)(?: (\{.*?\}|\[.*?\]))?(?: -> (\d+))?$/.exec(line) ?? [];
  const answer = await fixture.request(method, path, {
    token,
    ...(body === "" ? {} : { json: parseJson(body) }),
  });
  const wanted = expected === undefined ? answer.status < 300 : answer.status === Number(expected);
  assert.ok(wanted, `${line}: ${answer.status} ${answer.text}`);
}

/** One step of preparation of a data directory. */
async function prepareStore(
  dir: TempDataDir | null,
  line: string,
  stack: AsyncDisposableStack,
): Promise<void> {
  assert.ok(dir);
  const [verb = "", first = ""] = splitWords(line);
  switch (verb) {
    case "-":
      return;
    case "open":
      stack.use(dir.open());
      return;
    case "file":
      await Deno.writeTextFile(`${dir.path}/${first}`, line.slice(`file ${first} `.length));
      return;
    case "none":
      await Deno.remove(dir.path);
      await Deno.writeTextFile(dir.path, "not a directory");
      return;
    case "newer":
      dir.tamper("INSERT INTO schema_migrations VALUES (9999, 'of later', '2026-01-01', 'x')");
      return;
    case "sql":
      dir.tamper(line.slice("sql ".length));
      return;
    default: {
      const args = [...splitWords(line.replaceAll("{dir}", dir.path)), "--data-dir", dir.path];
      const { io, exit } = await run("portunus-server", args, { env: ENVIRONMENT });
      assert.equal(exit, 0, `${line}: ${io.stderr.join("\n")}`);
    }
  }
}
