import assert from "node:assert/strict";
import type { Hello, Snapshot } from "../stats_messages.ts";
import { type Key, parseKeys } from "./keys.ts";
import { initialModel, type Model, onKey, onMessage } from "./model.ts";
import { listedRows } from "./rows.ts";
import { paint } from "./screen.ts";
import { frame } from "./view.ts";

const FRAMES = new URL("../testdata/frames/", import.meta.url);

const target = (host: string, port: number, priority = 0) =>
  ({ host, port, priority, proxy_protocol: null }) as const;

const HELLO: Hello = {
  v: 1,
  daemon_version: "3.2.0",
  daemon_started_at_ms: 0,
  refresh_ms: 1_000,
  rules: [
    { name: "web", proto: "tcp", targets: [target("db-1", 80), target("db-2", 81, 10)] },
    { name: "dns \x1b[2J 域名", proto: "udp", targets: [target("[::1]", 53)] },
  ].map((rule, i) => ({
    ...rule,
    id: `${i + 1}`,
    proto: i === 0 ? "tcp" : "udp",
    listen: `${8_080 + i}`,
    splice_capable: i === 0,
    udp_max_flows: i === 0 ? null : 1_024,
    sni_pattern: null,
  })),
};

function snapshot(second: number): Snapshot {
  const row = {
    conns_active: 3,
    conns_total: 5,
    datagrams_in: second,
    datagrams_out: 0,
    flows_active: 2,
    target_failovers_total: 1,
    err: { port_in_use: 0, dns_failures: second },
    limits_rejected: 0,
  };
  const health = (host: string, priority: number, state: "healthy" | "failed") => ({
    ...target(host, 80, priority),
    state,
    consecutive_failures: state === "failed" ? 3 : 0,
    last_failure_at_ms: state === "failed" ? 1_000 : null,
    last_success_at_ms: null,
    in: 0,
    out: 0,
    conns_total: 0,
  });
  return {
    t_ms: second * 1_000,
    uptime_ms: second * 1_000,
    seq: second,
    process: { fd_open: null, fd_limit: null, rss_bytes: null },
    r: [
      {
        ...row,
        id: "1",
        in: second * second * 1_024,
        out: second * 512,
        health: [health("db-1", 0, "failed"), health("db-2", 10, "healthy")],
      },
      { ...row, id: "2", in: second * 1_048_576, out: 0, health: [] },
    ],
  };
}

function after(seconds: number): Model {
  let model = initialModel(HELLO);
  for (let second = 1; second <= seconds; second++) {
    model = onMessage(model, { kind: "snapshot", snapshot: snapshot(second), json: null });
  }
  return { ...model, rtt: new Map([["1", 12.4]]) };
}

function typed(model: Model, text: string): Model {
  return parseKeys(text).reduce<Model>((now, key) => {
    const next = onKey(now, key, listedRows(now).map(({ rule }) => rule.id));
    assert.ok(next, "the dashboard ended");
    return next;
  }, model);
}

const shown = (model: Model, width = 80, height = 24): string =>
  frame(model, { width, height }).map((line) => line.map(({ text }) => text).join("").trimEnd())
    .join("\n") + "\n";

const CASES: Readonly<Record<string, string>> = {
  overview: shown(after(10)),
  overview_wide: shown(after(10), 130, 10),
  first_moment: shown(initialModel(HELLO)),
  detail: shown(typed(after(10), "\r")),
  detail_narrow: shown(typed(after(10), "\r"), 60, 34),
  errors: shown(typed(after(10), "\x1b[Z")),
  help: shown(typed(after(10), "?")),
  filtering: shown(typed(after(10), "/dnx\x7fs")),
};

for (const [name, lines] of Object.entries(CASES)) {
  Deno.test(`frame() draws testdata/frames/${name}.txt`, async () => {
    assert.equal(lines, await Deno.readTextFile(new URL(`${name}.txt`, FRAMES)));
  });
}

Deno.test("frame() fills exactly the screen, whatever its size, and lets no control through", () => {
  for (const [width, height] of [[80, 24], [20, 5], [1, 1], [200, 60]] as const) {
    for (const keys of ["", "\r", "ll", "?", "/x"]) {
      const lines = frame(typed(after(3), keys), { width, height });
      assert.equal(lines.length, height);
      for (const line of lines) {
        for (const { text } of line) assert.doesNotMatch(text, /\p{Cc}/u);
      }
    }
  }
});

Deno.test("paint() leaves colours out when they are not wanted, and keeps the rest", () => {
  const lines = [[{ text: "bad", style: "bad" }, { text: "it", style: "selected" }]] as const;
  assert.equal(paint(lines, true), "\x1b[1;1H\x1b[31mbad\x1b[0m\x1b[7mit\x1b[0m\x1b[J");
  assert.equal(paint(lines, false), "\x1b[1;1Hbad\x1b[7mit\x1b[0m\x1b[J");
});

Deno.test("parseKeys() knows keys by their sequences and drops what means nothing", () => {
  const names = (text: string) => parseKeys(text).map(({ name, char }: Key) => char || name);
  assert.deepEqual(names("\x1b[A\x1bOBj\x1b[Z\t\r\x7f\x03"), [
    "up",
    "down",
    "j",
    "backtab",
    "tab",
    "enter",
    "backspace",
    "interrupt",
  ]);
  assert.deepEqual(names("\x1b"), ["escape"]);
  assert.deepEqual(names("\x1b[15~\x1b[1;5Cq"), ["q"]);
  assert.deepEqual(names("é/"), ["é", "/"]);
});

Deno.test("onKey() sorts, selects, pauses, resets and quits", () => {
  const names = (model: Model) => listedRows(model).map(({ rule }) => rule.id);
  const model = after(10);
  assert.deepEqual(names(typed(model, "s")), ["2", "1"]);
  assert.deepEqual(names(typed(model, "sr")), ["1", "2"]);
  assert.equal(typed(model, "j").selected, "2");
  assert.equal(typed(model, "jjjk").selected, "1");
  const paused = typed(model, "p");
  assert.equal(onMessage(paused, { kind: "snapshot", snapshot: snapshot(11), json: null }), paused);
  assert.deepEqual(listedRows(typed(model, "c")).map(({ inTotal }) => inTotal), [0, 0]);
  for (const keys of ["q", "\x03"]) {
    assert.equal(parseKeys(keys).map((key) => onKey(model, key, []))[0], null);
  }
  // While a filter is typed, letters are letters.
  assert.equal(typed(model, "/q").filter, "q");
});
