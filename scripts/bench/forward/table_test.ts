import assert from "node:assert/strict";
import { table } from "./table.ts";

Deno.test("table() sets medians beside those of the base", () => {
  const result = (peer: string, ...values: number[]) => ({
    workload: "w",
    base: "haproxy",
    peer,
    samples: values.map((value) => ({ "per s": value })),
  });
  assert.equal(
    table([result("haproxy", 100, 110, 90), result("linux", 150), result("socat")]),
    [
      "workload  metric  relay    median   min–max  ratio",
      "w         per s   haproxy     100  90.0–110  1.00×",
      "w         per s   linux       150   150–150  1.50×",
    ].join("\n"),
  );
});
