import assert from "node:assert/strict";
import { FakeClock } from "../../tests/kit/fake_clock.ts";
import type { Logger } from "../core/log.ts";
import { createLogger, isLogFilter, LiveLogFilter, parseLogFilter } from "./log.ts";

function open(rustLog?: string): { logger: Logger; lines: string[] } {
  const lines: string[] = [];
  const logger = createLogger({
    target: "portunus_server",
    filter: parseLogFilter(rustLog),
    sink: (line) => lines.push(line),
    clock: new FakeClock(Date.UTC(2026, 4, 6, 12, 1, 30, 123)),
  });
  return { logger, lines };
}

Deno.test("createLogger() writes one JSON object a line in the shape of 3.1.0", () => {
  const { logger, lines } = open();
  logger.info("client.hello", { client_name: "e\n1", rule_count: 2, gone: undefined, none: null });
  assert.deepEqual(lines, [
    `{"timestamp":"2026-05-06T12:01:30.123000Z","level":"INFO",` +
    `"fields":{"event":"client.hello","client_name":"e\\n1","rule_count":2,"none":null},` +
    `"target":"portunus_server"}`,
  ]);
});

Deno.test("createLogger() writes 64-bit integers exactly", () => {
  const { logger, lines } = open();
  logger.warn("x", { rule_id: 2n ** 64n - 1n });
  assert.match(lines[0] ?? "", /"level":"WARN".*"rule_id":18446744073709551615\}/);
});

Deno.test("createLogger() adds a line for a field name that could carry a secret, at most one", () => {
  const { logger, lines } = open();
  logger.info("x", { setup_Token: "a", client_secret: "b" });
  logger.info("y", { code: "c" });
  assert.equal(lines.length, 3);
  assert.equal(
    lines[1],
    `{"event":"audit.redaction_violation","field":"setup_Token","target":"portunus_server"}`,
  );
  for (const name of ["SECRET", "tls_private_key", "tokens"]) logger.info("x", { [name]: 1 });
  assert.equal(lines.length, 9);
});

Deno.test("createLogger() writes nothing, and warns of nothing, below its level", () => {
  const { logger, lines } = open("warn");
  logger.info("x", { token: 1 });
  logger.debug("x");
  assert.deepEqual([logger.enabled("info"), logger.enabled("warn")], [false, true]);
  assert.deepEqual(lines, []);
  logger.error("x");
  assert.equal(lines.length, 1);
});

Deno.test("Logger.child() has a target of its own that the filter selects by", () => {
  const { logger, lines } = open("error,portunus_forwarder=debug");
  logger.child("portunus_forwarder").debug("deep");
  logger.info("shallow");
  assert.deepEqual(lines.map((line) => JSON.parse(line).target), ["portunus_forwarder"]);
});

Deno.test("parseLogFilter() takes the longest matching target, and nothing for targets not named", () => {
  const filter = parseLogFilter("a=debug, a::b=off ,warn");
  assert.equal(filter.enabled("a", "debug"), true);
  assert.equal(filter.enabled("a::c", "debug"), true);
  assert.equal(filter.enabled("a::b", "error"), false);
  assert.equal(filter.enabled("a::b::c", "error"), false);
  assert.equal(filter.enabled("ab", "info"), false);
  assert.equal(filter.enabled("z", "warn"), true);
  assert.equal(filter.enabled("z", "info"), false);
  assert.equal(parseLogFilter("a=debug").enabled("z", "error"), false);
});

Deno.test("parseLogFilter() takes what it does not understand for info", () => {
  for (const text of [undefined, "", " , ", "verbose", "a=loud", "debug,a=", "=", "info=a=b"]) {
    const filter = parseLogFilter(text);
    assert.deepEqual(
      [filter.enabled("z", "info"), filter.enabled("z", "debug")],
      [true, false],
      `${text}`,
    );
  }
  assert.equal(parseLogFilter("OFF").enabled("z", "error"), false);
  assert.equal(parseLogFilter("TRACE").enabled("z", "trace"), true);
});

Deno.test("isLogFilter() knows what parseLogFilter() understands", () => {
  for (const text of ["info", "OFF", "a::b=debug,warn", " info , x=trace"]) {
    assert.ok(isLogFilter(text));
  }
  for (const text of ["", "loud", "a=", "a=loud,info", ","]) assert.ok(!isLogFilter(text), text);
});

Deno.test("LiveLogFilter changes what its loggers write", () => {
  const filter = new LiveLogFilter("warn");
  assert.ok(!filter.enabled("x", "info"));
  filter.use("info");
  assert.ok(filter.enabled("x", "info"));
});
