import assert from "node:assert/strict";
import { addReports, readReport } from "./report.ts";

const JUNIT = `<testsuites name="deno test" tests="4" failures="1" errors="0" time="0.016">
    <testsuite name="./a_test.ts" tests="4" disabled="2" errors="0" failures="1">
        <testcase name="ok" classname="./a_test.ts" time="0.000" line="1" col="6">
        </testcase>
        <testcase name="a &lt;b&gt; &amp;amp; &quot;c&quot;" classname="./a_test.ts" time="0.000">
            <skipped/>
        </testcase>
        <testcase name="filtered out" classname="./a_test.ts" line="1" col="6">
            <skipped/>
        </testcase>
        <testcase name="bad" classname="./a_test.ts" time="0.000" line="1" col="33">
            <failure message="Uncaught Error: x">Error: <skipped/></failure>
        </testcase>
        <testcase name="steps &gt; s2" classname="./a_test.ts" time="0.000" line="1" col="186">
            <skipped/>
        </testcase>
    </testsuite>
</testsuites>`;

Deno.test("readReport() takes numbers from the summary, colours or not", () => {
  const lines = {
    "ok | 12 passed (3 steps) | 0 failed | 1 ignored (2ms)": [12, 0],
    "FAILED | 2 passed (1 step) | 3 failed (1 step) | 1 filtered out (1s)": [2, 3],
    "\x1b[0m\x1b[31mFAILED\x1b[0m | 2 passed | 3 failed \x1b[0m\x1b[38;5;245m(1s)\x1b[0m": [2, 3],
  };
  for (const [line, [passed, failed]] of Object.entries(lines)) {
    const report = readReport(`noise\n\n${line}\n\nerror: Test failed\n`, "", failed === 0);
    assert.deepEqual(report, { passed, failed, ignored: [] });
  }
});

Deno.test("readReport() believes the last summary, not one that a test printed", () => {
  const output = "ok | 99 passed | 0 failed (1s)\nFAILED | 1 passed | 1 failed (1s)\n";
  assert.deepEqual(readReport(output, "", false), { passed: 1, failed: 1, ignored: [] });
});

Deno.test("readReport() counts a failure when the runner failed or said nothing", () => {
  assert.equal(readReport("", "", false).failed, 1);
  assert.equal(readReport("", "", true).failed, 1);
  assert.equal(readReport("ok | 5 passed | 0 failed (1s)\n", "", false).failed, 1);
});

Deno.test("readReport() names ignored tests and steps, not those a filter left out", () => {
  assert.deepEqual(readReport("ok | 1 passed | 0 failed (1s)\n", JUNIT, true).ignored, [
    'a <b> &amp; "c" (./a_test.ts)',
    "steps > s2 (./a_test.ts)",
  ]);
});

Deno.test("addReports() adds up", () => {
  assert.deepEqual(
    addReports([
      { passed: 1, failed: 2, ignored: ["a"] },
      { passed: 10, failed: 20, ignored: ["b"] },
    ]),
    { passed: 11, failed: 22, ignored: ["a", "b"] },
  );
  assert.deepEqual(addReports([]), { passed: 0, failed: 0, ignored: [] });
});
