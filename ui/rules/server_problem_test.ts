import assert from "node:assert/strict";
import { serverProblem } from "./server_problem.ts";

const fieldOf = (code: string, message = code) =>
  Object.keys(serverProblem({ status: 422, code, message })).join();

Deno.test("serverProblem() is about a field where the code says which", () => {
  assert.equal(fieldOf("client_not_connected"), "clientId");
  assert.equal(fieldOf("port_in_use"), "listenStart");
  assert.equal(fieldOf("conflict.sni_route_duplicate"), "sni");
  assert.equal(fieldOf("invalid_target_host_too_long"), "targets.0.host");
  assert.equal(
    fieldOf("target_invalid_host", 'target_invalid_host: target 2 has invalid host "x"'),
    "targets.2.host",
  );
  assert.equal(
    fieldOf("targets_duplicate", "targets_duplicate: targets at indices 0 and 1 share (host,port)"),
    "targets.1.host",
  );
  assert.equal(fieldOf("activation_failed"), "form");
  assert.equal(fieldOf("ack_timeout"), "form");
});

Deno.test("serverProblem() says what the server said", () => {
  const error = {
    status: 409,
    code: "port_in_use",
    message: "port_in_use: port 80 already in use",
  };
  const { listenStart } = serverProblem(error);
  assert.ok(listenStart?.startsWith(`${error.message}\n`), "and what to do about it");
});
