import assert from "node:assert/strict";
import config from "../../deno.json" with { type: "json" };

const lock: {
  readonly specifiers: Readonly<Record<string, string>>;
  readonly npm: Readonly<Record<string, { readonly integrity?: string }>>;
} = JSON.parse(await Deno.readTextFile(new URL("../../deno.lock", import.meta.url)));

Deno.test("deno.json names exact versions, and the lock is frozen", () => {
  for (const [name, target] of Object.entries(config.imports)) {
    assert.match(target, /^npm:(@[\w.-]+\/)?[\w.-]+@\d+\.\d+\.\d+(-[\w.]+)?$/, name);
  }
  assert.equal(config.lock.frozen, true);
});

Deno.test("deno.lock pins every package with a digest", () => {
  const packages = Object.entries(lock.npm);
  assert.ok(packages.length > Object.keys(config.imports).length);
  for (const [key, { integrity }] of packages) {
    assert.match(key, /@\d+\.\d+\.\d+/, key);
    assert.match(integrity ?? "", /^sha512-[A-Za-z0-9+/]{86}==$/, key);
  }
  const others = Object.keys(lock).filter((part) =>
    !["version", "specifiers", "npm", "workspace"].includes(part)
  );
  assert.deepEqual(others, [], "what is there beside packages from npm is not checked");
});

Deno.test("every version of deno.json is the one that the lock has", () => {
  for (const target of Object.values(config.imports)) {
    const version = target.slice(target.lastIndexOf("@") + 1);
    assert.equal(lock.specifiers[target]?.split("_")[0], version, target);
  }
});
