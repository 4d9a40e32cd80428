/**
 * Reads Prometheus text, and is stricter than Prometheus: what 3.1.0 guarantees is required.
 *
 * @module
 */

import assert from "node:assert/strict";

const SAMPLE = /^([a-z_]+)(?:\{(.+)\})? (\d+(?:\.\d*[1-9])?)$/;
const LABEL = /([a-z_]+)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/y;

/** The samples in `text`, their values by name and labels as they are written. */
export function readExposition(text: string): Map<string, string> {
  const samples = new Map<string, string>();
  const families: string[] = [];
  let isEmpty = false;
  assert.ok(text.endsWith("\n"));
  const lines = text.slice(0, -1).split("\n");
  for (const [index, line] of lines.entries()) {
    const help = /^# HELP (portunus_[a-z_]+) \S.*$/.exec(line)?.[1];
    if (help) {
      assert.match(lines[index + 1] ?? "", new RegExp(`^# TYPE ${help} (counter|gauge)$`));
      assert.ok(!isEmpty, `${families.at(-1)} has no samples`);
      families.push(help);
      isEmpty = true;
    } else if (!line.startsWith("# TYPE ")) {
      const [, name, labels = "", value = ""] = SAMPLE.exec(line) ?? assert.fail(line);
      assert.equal(name, families.at(-1), `${line} is outside its family`);
      assertLabels(labels);
      const key = labels === "" ? `${name}` : `${name}{${labels}}`;
      assert.ok(!samples.has(key), `${key} is there twice`);
      samples.set(key, value);
      isEmpty = false;
    }
  }
  assert.ok(!isEmpty, `${families.at(-1)} has no samples`);
  assert.deepEqual(families, [...new Set(families)].sort());
  return samples;
}

function assertLabels(text: string): void {
  const names: string[] = [];
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.length) {
    const name = LABEL.exec(text)?.[1] ?? assert.fail(`labels ${text}`);
    names.push(name);
  }
  assert.deepEqual(names, [...new Set(names)].sort());
}
