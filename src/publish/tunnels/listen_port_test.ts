import assert from "node:assert/strict";
import { isError } from "../../../tests/kit/rule_fixture.ts";
import type { Grant } from "../../core/grants.ts";
import { freeListenPort } from "./listen_port.ts";

const grant = (client: string, start: number, end: number): Grant => ({
  client,
  listen: { start, end },
  protocols: ["tcp"],
});

Deno.test("freeListenPort() takes the lowest that is free", () => {
  const find = (...taken: [number, number][]) =>
    freeListenPort("edge", {
      grants: null,
      taken: taken.map(([start, end]) => ({ start, end })),
    });
  assert.equal(find(), 20_000);
  assert.equal(find([19_000, 20_000], [20_001, 20_001], [20_003, 20_009]), 20_002);
  assert.equal(find([20_000, 65_534]), 65_535);
  assert.throws(() => find([20_000, 65_535]), isError("listen_port_unavailable"));
});

Deno.test("freeListenPort() stays inside grants for this client and TCP", () => {
  const find = (...grants: Grant[]) =>
    freeListenPort("edge", { grants, taken: [{ start: 30_000, end: 30_000 }] });
  assert.equal(find(grant("other", 1, 65_535), grant("edge", 30_000, 30_001)), 30_001);
  assert.equal(find(grant("*", 25_000, 25_000), grant("edge", 30_000, 30_001)), 25_000);
  assert.throws(() => find(grant("edge", 1, 19_999)), isError("listen_port_unavailable"));
  assert.throws(
    () => find({ ...grant("edge", 1, 65_535), protocols: ["udp"] }),
    isError("listen_port_unavailable"),
  );
});
