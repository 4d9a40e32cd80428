import assert from "node:assert/strict";
import { buildProgram as buildServer } from "../../src/cli/program.ts";
import { ERROR_TABLE } from "../../src/core/errors.ts";
import { FakeIo } from "../kit/fake_io.ts";

const root = new URL("../../", import.meta.url);
const read = (path: string) => Deno.readTextFile(new URL(path, root));

Deno.test("every error code has one entry in the troubleshooting, and no other has", async () => {
  const text = await read("docs/troubleshooting.md");
  const entries = [...text.matchAll(/^\| `([a-z_.]+)` +\| \S/gm)].map(([, code = ""]) => code);
  assert.deepEqual(entries.toSorted(), Object.keys(ERROR_TABLE).toSorted());
});

/** Names of metrics, which the source writes without what they all begin with. */
async function metricNames(): Promise<Set<string>> {
  const folder = new URL("src/telemetry/", root);
  const names = new Set<string>();
  for await (const { name } of Deno.readDir(folder)) {
    if (!/(?<!_test)\.ts$/.test(name)) continue;
    const text = await Deno.readTextFile(new URL(name, folder));
    for (const [, metric = ""] of text.matchAll(/"([a-z]+(?:_[a-z]+)+)"/g)) names.add(metric);
  }
  return names;
}

Deno.test("alerts, dashboard and operations name metrics that there are", async () => {
  const known = await metricNames();
  for (const path of ["docs/alerts.yml", "docs/grafana.json", "docs/operations.md"]) {
    const text = await read(path);
    const used = new Set([...text.matchAll(/\bportunus_([a-z_]+)/g)].map(([, name = ""]) => name));
    assert.ok(used.size > 5, path);
    assert.deepEqual([...used.difference(known)], [], path);
  }
  assert.ok(JSON.parse(await read("docs/grafana.json")).panels.length > 5);
});

Deno.test("commands that the documents name exist", async () => {
  const commands = new Set(
    buildServer(new FakeIo(), { code: 0 }).commands.map((command) => command.name()),
  );
  for (const path of ["docs/operations.md", "docs/troubleshooting.md", "README.md"]) {
    const named = [...(await read(path)).matchAll(
      /portunus-server(?: --data-dir \S+)? ([a-z][a-z-]+)/g,
    )].map(([, name = ""]) => name);
    const prose = new Set(["is", "and", "serve", "on", "in", "reads", "needs", "tells"]);
    assert.deepEqual(named.filter((name) => !commands.has(name) && !prose.has(name)), [], path);
  }
});
