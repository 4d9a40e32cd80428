import assert from "node:assert/strict";
import { FlowIndex } from "./flow_index.ts";

const at = (hostname: string, port: number) => ({ hostname, port });

Deno.test("FlowIndex tells sources apart by address and port", () => {
  const index = new FlowIndex<string>();
  index.set(at("192.0.2.1", 1), "a");
  index.set(at("192.0.2.1", 2), "b");
  index.set(at("::1", 1), "c");
  index.set(at("192.0.2.1", 2), "d");
  const found = () =>
    [at("192.0.2.1", 1), at("192.0.2.1", 2), at("::1", 1), at("::1", 2)].map((source) =>
      index.get(source)
    );
  assert.deepEqual(found(), ["a", "d", "c", undefined]);
  index.delete(at("192.0.2.1", 2));
  index.delete(at("::1", 1));
  index.delete(at("::1", 1));
  assert.deepEqual(found(), ["a", undefined, undefined, undefined]);
});
