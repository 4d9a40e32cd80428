import assert from "node:assert/strict";
import config from "../../deno.json" with { type: "json" };
import { ROOT } from "./project.ts";
import { type LockFile, sbom } from "./sbom.ts";

const lock: LockFile = JSON.parse(await Deno.readTextFile(`${ROOT}deno.lock`));

interface Named {
  readonly name: string;
  readonly version: string;
  readonly purl?: string;
  readonly hashes?: readonly { readonly content: string }[];
}

function components(sources: readonly string[]): readonly Named[] {
  const document = sbom({
    version: "1.0.0",
    denoVersion: "2.0.0",
    lock,
    imports: config.imports,
    sources,
  });
  return document["components"] as readonly Named[];
}

Deno.test("sbom() has what is imported, what that needs, and the runtime; nothing else", () => {
  const all = components([
    'import * as grpc from "@grpc/grpc-js";\nawait import("hono/tiny");',
    'import x from "./own.ts";\nimport assert from "node:assert";',
  ]);
  const names = all.map(({ name }) => name);
  for (const name of ["@grpc/grpc-js", "hono", "@grpc/proto-loader", "deno"]) {
    assert.ok(names.includes(name), `${name} in ${names}`);
  }
  assert.ok(!names.includes("playwright-core") && !names.includes("zod"));
  assert.equal(new Set(all.map(({ purl }) => purl)).size, all.length);
  const grpc = all.find(({ name }) => name === "@grpc/grpc-js");
  assert.equal(grpc?.purl, `pkg:npm/%40grpc/grpc-js@${grpc?.version}`);
  assert.match(grpc?.hashes?.[0]?.content ?? "", /^[0-9a-f]{128}$/);
});

Deno.test("sbom() of nothing is the runtime", () => {
  assert.deepEqual(components([]), [{ type: "platform", name: "deno", version: "2.0.0" }]);
});
