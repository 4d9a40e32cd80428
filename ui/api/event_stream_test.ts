import assert from "node:assert/strict";
import fc from "fast-check";
import { EventParser } from "./event_stream.ts";

const TEXT = ': keepalive\n\nevent: stats\ndata: {"a":\ndata: 1}\n\nid: 7\ndata: x\n\n';
const EVENTS = [{ event: "stats", data: '{"a":\n1}' }, { event: "message", data: "x" }];

Deno.test("EventParser reads events, however they are cut", () => {
  fc.assert(fc.property(fc.array(fc.nat(TEXT.length), { maxLength: 6 }), (cuts) => {
    const parser = new EventParser();
    const places = [0, ...cuts.toSorted((a, b) => a - b), TEXT.length];
    const events = places.slice(1).flatMap((end, i) => parser.push(TEXT.slice(places[i], end)));
    assert.deepEqual(events, EVENTS);
  }));
});

Deno.test("EventParser keeps back an event that is not complete", () => {
  const parser = new EventParser();
  assert.deepEqual(parser.push("event: stats\ndata: 1\n"), []);
  assert.deepEqual(parser.push("\n"), [{ event: "stats", data: "1" }]);
});
