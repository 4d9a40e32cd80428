/**
 * From the setup token to a user who forwards ports and is removed, as a browser does it.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Lab } from "../kit/lab.ts";
import { Operator } from "../kit/operator.ts";
import { freePort } from "../kit/ports.ts";
import { echoTarget } from "../kit/targets.ts";

const PASSWORD = "correct horse battery";

/** A browser on the pages of the server at `http`. */
class Browser {
  #cookie = "";

  constructor(readonly http: string) {}

  async post(path: string, body: unknown): Promise<Record<string, unknown>> {
    const response = await fetch(`http://${this.http}${path}`, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        "Cookie": this.#cookie,
        "Origin": `http://${this.http}`,
        "X-Portunus-CSRF": "1",
      },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    assert.ok(response.ok, `${path}: ${response.status} ${text}`);
    const [cookie] = (response.headers.get("set-cookie") ?? "").split(";");
    if (cookie !== undefined && cookie !== "") this.#cookie = cookie;
    return JSON.parse(text);
  }

  /** Issues an API credential of a user. */
  async operator(lab: Lab, userId: string): Promise<Operator> {
    const { token } = await this.post(`/v1/users/${userId}/credentials`, { label: "test" });
    return new Operator(lab, this.http, String(token));
  }
}

/** Onboards an administrator, who lets a user forward a port and then removes them. */
export async function webLogin(lab: Lab): Promise<void> {
  const server = await lab.server();
  const browser = new Browser(server.http);
  const line = await server.process.stderrLine("Portunus onboarding setup token:");
  await browser.post("/v1/auth/onboarding", {
    user_id: "admin",
    display_name: "Admin",
    password: PASSWORD,
    password_confirm: PASSWORD,
    setup_token: line.split(" ").at(-1),
  });
  const login = await browser.post("/v1/auth/login", { user_id: "admin", password: PASSWORD });
  assert.deepEqual(login, { password_change_required: false });

  const admin = await browser.operator(lab, "admin");
  const client = lab.client({ bundle: await admin.enroll("edge-01", lab.path("bundle.json")) });
  await client.event("control.connected");
  const port = freePort();
  await browser.post("/v1/users", { user_id: "alice", display_name: "Alice" });
  const grant = { client: "edge-01", listen_port_start: port, listen_port_end: port };
  await browser.post("/v1/grants", { user_id: "alice", protocols: ["tcp"], ...grant });
  const alice = await browser.operator(lab, "alice");
  const target = lab.use(echoTarget());
  const ruleId = await alice.push("edge-01", port, `127.0.0.1:${target.port}`);

  const removed = await admin.api("DELETE", "/v1/users/alice");
  assert.equal(removed.status, 200);
  await client.event("rule.removed", { rule_id: ruleId });
  assert.equal((await alice.api("GET", "/v1/rules")).status, 401);
  assert.equal(await client.stop(), 0);
  assert.equal(await server.process.stop(), 0);
  assert.ok(!server.process.transcript().includes(PASSWORD));
}
