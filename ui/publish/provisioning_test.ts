import assert from "node:assert/strict";
import { type Provision, withTask } from "./provisioning.ts";

Deno.test("withTask() replaces the task of that name, and no other", () => {
  const task = (name: "listeners" | "verify", status: "pending" | "running") =>
    ({ task: name, title: name, status, message: null }) as const;
  const before: Provision = {
    running: true,
    tasks: [task("listeners", "pending"), task("verify", "pending")],
  };
  assert.deepEqual(withTask(before, task("verify", "running")).tasks, [
    task("listeners", "pending"),
    task("verify", "running"),
  ]);
});
