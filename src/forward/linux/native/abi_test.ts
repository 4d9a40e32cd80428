import assert from "node:assert/strict";
import { epollEventLayout, libcNames } from "./abi.ts";

Deno.test("epollEventLayout() packs the structure on x86-64 only", () => {
  // uint32_t events; uint64_t data, which is aligned to 8 bytes where it is not packed.
  assert.deepEqual(epollEventLayout("x86_64"), { words: 3, data: 1 });
  assert.deepEqual(epollEventLayout("aarch64"), { words: 4, data: 2 });
});

Deno.test("libcNames() knows both libcs by the names of their files", () => {
  assert.deepEqual(libcNames("x86_64"), ["libc.so.6", "libc.musl-x86_64.so.1"]);
  assert.deepEqual(libcNames("aarch64"), ["libc.so.6", "libc.musl-aarch64.so.1"]);
});
