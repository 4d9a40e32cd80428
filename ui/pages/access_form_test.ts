import assert from "node:assert/strict";
import type { Client, Quota } from "../api/types.ts";
import type { Access } from "./access.ts";
import { accessDraft, accessFields, accessProblems } from "./access_form.ts";

const ACCESS: Access = {
  name: "a",
  client: { client_id: "1", client_name: "a" } as Client,
  isAmbiguous: false,
  grants: [],
  caps: { bandwidth_in_bps: 1_000_000, bandwidth_in_burst: 2_000_000, concurrent_connections: 5 },
  quota: { monthly_bytes: 1e9, billing_anchor: 1_767_225_600 } as Quota,
};

Deno.test("accessDraft() of untouched fields is what there was", () => {
  const fields = accessFields(ACCESS);
  assert.deepEqual(accessProblems(fields), {});
  assert.deepEqual(accessDraft(fields, ACCESS), {
    ports: { start: 10_000, end: 19_999 },
    protocols: ["tcp"],
    caps: ACCESS.caps,
    quota: { monthlyBytes: 1e9, anchor: null },
  });
});

Deno.test("accessDraft() drops bursts with their rates, and anchors on another day", () => {
  const fields = { ...accessFields(ACCESS), rateIn: "", anchor: "2026-01-02", quota: "0" };
  const draft = accessDraft(fields, ACCESS);
  assert.deepEqual(draft.caps, { concurrent_connections: 5 });
  assert.deepEqual(draft.quota, { monthlyBytes: 0, anchor: 1_767_312_000 });
  assert.equal(accessDraft({ ...fields, unlimited: true, quota: "" }, ACCESS).caps, null);
  assert.equal(accessDraft({ ...fields, quota: "" }, ACCESS).quota, null);
});

Deno.test("accessProblems() names the fields that cannot be sent", () => {
  const empty = accessFields(null);
  assert.deepEqual(Object.keys(accessProblems(empty)), ["clientId"]);
  const wrong = {
    ...empty,
    clientId: "1",
    start: "0",
    end: "70000",
    tcp: false,
    unlimited: false,
    newPerSec: "-1",
    quota: "much",
  };
  assert.deepEqual(Object.keys(accessProblems(wrong)).toSorted(), [
    "end",
    "newPerSec",
    "quota",
    "start",
    "tcp",
  ]);
  const inverted = { ...empty, clientId: "1", start: "9", end: "8" };
  assert.deepEqual(Object.keys(accessProblems(inverted)), ["end"]);
});
