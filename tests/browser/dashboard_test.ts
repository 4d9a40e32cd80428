import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { TestConn } from "../kit/conn.ts";
import { freePort } from "../kit/ports.ts";
import { echoTarget } from "../kit/targets.ts";
import { addUser, administered, signIn, visit } from "./console.ts";
import { browserTest } from "./kit.ts";

/** A history that nobody has to wait for: a day with a slow wave. */
async function withHistory(page: Page): Promise<void> {
  await page.route(/\/v1\/(traffic\/global|(users|clients)\/[^/]+\/traffic)\?/, (route) => {
    const url = new URL(route.request().url());
    const [from, to] = ["from", "to"].map((it) => Number(url.searchParams.get(it)));
    const step = url.searchParams.get("bucket") === "1h" ? 3_600 : 60;
    const scale = step * (url.pathname.length % 7 + 1) * 10_000;
    const samples: { ts: number; bytes_in: number; bytes_out: number }[] = [];
    for (let ts = from ?? 0; ts < (to ?? 0); ts += step) {
      const wave = 1 + Math.sin(ts / 9_000);
      samples.push({ ts, bytes_in: scale * wave, bytes_out: scale * wave * 2.2 });
    }
    const sum = (key: "bytes_in" | "bytes_out") => samples.reduce((n, it) => n + it[key], 0);
    return route.fulfill({
      json: {
        bucket: url.searchParams.get("bucket"),
        samples,
        total_bytes_in: sum("bytes_in"),
        total_bytes_out: sum("bytes_out"),
      },
    });
  });
}

browserTest(
  "from the first steps to traffic, on an administrator's dashboard",
  async (lab, open) => {
    const { tab, server, operator } = await administered(lab, open);
    const { page } = tab;
    await page.getByRole("link", { name: "Push rule" }).waitFor();
    await tab.inspect("dashboard-steps");
    await using target = echoTarget();
    const port = freePort();
    await operator.push("edge-01", port, `127.0.0.1:${target.port}`);
    await operator.push("edge-01", freePort(), "127.0.0.1:9");
    using conn = await TestConn.open(port);
    await conn.echo("x".repeat(200_000));
    await server.process.event("client.stats_report", {}, server.process.mark());
    await page.getByRole("link", { name: `edge-01:${port}` }).waitFor();
    await page.getByText("First steps").waitFor({ state: "detached" });

    await withHistory(page);
    await tab.press("7d");
    await page.locator(".plot canvas").waitFor();
    await page.getByRole("button", { name: "24h" }).click();
    await page.getByText("latest").waitFor();
    await page.getByRole("img", { name: /Traffic over time/ }).focus();
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("ArrowLeft");
    await page.getByText("latest").waitFor({ state: "detached" });
    await page.setViewportSize({ width: 1280, height: 1300 });
    await tab.inspect("dashboard");

    await visit(tab, "Topology");
    await page.getByRole("link", { name: `${port} TCP` }).waitFor();
    await tab.inspect("topology");
    await page.getByRole("link", { name: "edge-01" }).first().click();
    await page.getByRole("tab", { name: "Traffic" }).click();
    await page.getByRole("button", { name: "7d" }).click();
    await page.locator(".plot canvas").waitFor();
    await tab.inspect("client-traffic");
  },
);

browserTest("a tenant's dashboard asks for nothing that is not theirs", async (lab, open) => {
  const { server, operator } = await lab.connected();
  await addUser(operator, "carol");
  await operator.api("POST", "/v1/grants", {
    user_id: "carol",
    client: "edge-01",
    listen_port_start: 1,
    listen_port_end: 65535,
    protocols: ["tcp"],
  });
  const { body } = await operator.api("GET", "/v1/clients");
  const [{ client_id }] = body as [{ client_id: string }];
  await operator.api("PUT", `/v1/users/carol/quotas/${client_id}`, { monthly_bytes: 0 });
  const tab = await open();
  const { page } = tab;
  const refused: string[] = [];
  page.on("response", (response) => {
    if (response.status() === 403) refused.push(response.url());
  });
  await withHistory(page);
  await signIn(tab, server.http, "carol");
  await page.getByText("100 % of the quota on edge-01 is used").waitFor();
  await page.locator(".plot canvas").waitFor();
  await tab.inspect("dashboard-tenant");
  assert.deepEqual(refused, []);
});

browserTest("the topology of 500 rules can be read", async (lab, open) => {
  const { tab } = await administered(lab, open);
  const { page } = tab;
  const rules = Array.from({ length: 500 }, (_, id) => rule(id));
  await page.route(/\/v1\/rules$/, (route) => route.fulfill({ json: rules }));
  await page.route(
    /\/v1\/clients$/,
    (route) => route.fulfill({ json: Array.from({ length: 8 }, (_, i) => client(i)) }),
  );
  let second = 0;
  await page.route(/\/v1\/rules\/stats$/, (route) => {
    second += 5;
    const updated_at = new Date(second * 1_000).toISOString();
    const json = rules.filter(({ id }) => id % 3 === 0).map(({ id }) => ({
      rule_id: id,
      bytes_in: second * 10 ** (id % 8),
      bytes_out: second * 10 ** (id % 7),
      active_connections: 1,
      active_flows: 0,
      updated_at,
    }));
    return route.fulfill({ json });
  });
  await visit(tab, "Topology");
  await page.getByText("MiB/s").first().waitFor();
  assert.equal(await page.locator(".flows li").count(), 500);
  await page.setViewportSize({ width: 1600, height: 1500 });
  await page.screenshot({ path: new URL("out/topology-500.png", import.meta.url).pathname });
  await tab.press("Only problems");
  await page.locator(".way.busy").first().waitFor({ state: "detached" });
  await page.getByLabel("Search port, host, owner…").fill("30013");
  await page.getByRole("link", { name: "30013 TCP" }).waitFor();
  assert.equal(await page.locator(".flows li").count(), 1);
});

const client = (i: number) => ({
  client_id: `client-${i}`,
  client_name: `edge-0${i}`,
  provisioned_at: "2026-01-01T00:00:00Z",
  revoked_at: null,
  connected: i !== 7,
  client_address: "192.0.2.1",
  remote_addr: null,
  connected_at: null,
});

const rule = (id: number) => ({
  id,
  client_id: `client-${id % 8}`,
  client_name: `edge-0${id % 8}`,
  listen_port: 30_000 + id,
  target_host: `10.0.${id % 23}.${id % 5}`,
  target_port: 8_080,
  prefer_ipv6: false,
  protocol: "tcp",
  state: { kind: "active" },
  created_at: "2026-01-01T00:00:00Z",
  last_state_change_at: "2026-01-01T00:00:00Z",
  owner_user_id: "alice",
  targets: [{
    host: `10.0.${id % 23}.${id % 5}`,
    port: 8_080,
    priority: 0,
    proxy_protocol: null,
    health: { healthy: id % 13 !== 0, consecutive_failures: 0 },
  }],
});
