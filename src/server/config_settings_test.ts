import assert from "node:assert/strict";
import { PortunusError } from "../core/errors.ts";
import { CONFIG_KEYS, parseServerConfig, parseToml, UNUSED_KEYS } from "./config.ts";
import { PUBLISH_KEYS, publishValues } from "../publish/config.ts";
import { effectiveSettings } from "./config_settings.ts";

const NOWHERE = { dataDir: "/d", env: () => undefined };

const settings = (text: string, overrides: [string, string][] = []) =>
  effectiveSettings({
    text,
    dataDir: "/data",
    env: () => undefined,
    overrides: new Map(overrides.map(([key, value]) => [key, { value, source: "FLAG" }])),
  });

const find = (text: string, key: string) => settings(text).find((it) => it.key === key);

Deno.test("effectiveSettings() has every key that means something, and says where from", () => {
  assert.deepEqual(
    settings("").map(({ key }) => key),
    CONFIG_KEYS.filter((key) => !UNUSED_KEYS.has(key)),
  );
  assert.deepEqual(find("udp_flow_idle_secs = 31", "udp_flow_idle_secs"), {
    key: "udp_flow_idle_secs",
    value: 31,
    source: "server.toml",
  });
  assert.equal(find("", "udp_flow_idle_secs")?.source, "default");
  assert.deepEqual(find('log_format = "compact"', "log_format")?.value, "compact");
  const overridden = settings('log_level = "warn"', [["log_level", "debug"]]);
  assert.deepEqual(overridden.find(({ key }) => key === "log_level"), {
    key: "log_level",
    value: "debug",
    source: "FLAG",
  });
});

Deno.test("effectiveSettings() shows no secret, and nothing of a file that is wrong", () => {
  assert.equal(find('operator_token = "sesame"', "operator_token")?.value, "***");
  const backend = '[backend.postgres]\nurl = "postgres://u:sesame@db/x"\nmaxConnections = 3';
  assert.equal(find(backend, "backend.postgres.url")?.value, "***");
  assert.equal(find(backend, "backend.postgres.maxConnections")?.value, 3);
  assert.throws(() => settings("nonsense = 1"), PortunusError);
});

Deno.test("examples/server.toml has every key, and its defaults are the defaults", async () => {
  const text = await Deno.readTextFile(new URL("../../examples/server.toml", import.meta.url));
  assert.deepEqual(
    parseServerConfig(text, NOWHERE),
    parseServerConfig("", NOWHERE),
    "all is commented",
  );
  const uncommented = text.replace(/^# (?=[a-z_]+ = |\[)/gm, "");
  const said = parseToml(uncommented);
  const optional = new Set([
    "operator_token",
    "operator_http_public_origin",
    "operator_http_tls_cert",
    "operator_http_tls_key",
    "backend",
    "publish",
  ]);
  assert.deepEqual(
    Object.keys(said).toSorted(),
    CONFIG_KEYS.filter((key) => !UNUSED_KEYS.has(key)).toSorted(),
  );
  for (
    const { key, value } of effectiveSettings({
      text: "",
      dataDir: "/var/lib/portunus",
      env: () => undefined,
      overrides: new Map(),
    })
  ) {
    if (!optional.has(key)) assert.equal(said[key], value, key);
  }
  parseServerConfig(uncommented, { dataDir: "/d", env: () => "postgres://db/x" });
});

Deno.test("effectiveSettings() has all of [publish], with the variable that goes before the file", () => {
  const env = (name: string) => name === "PORTUNUS_SITES_DIR" ? "/srv" : undefined;
  const text = '[publish]\nmax_hosts = 3\nsites_dir = "x"';
  const shown = effectiveSettings({ text, dataDir: "/data", env, overrides: new Map() })
    .filter(({ key }) => key.startsWith("publish"));
  assert.equal(shown.length, PUBLISH_KEYS.length);
  const of = (key: string) => shown.find((it) => it.key === `publish.${key}`);
  assert.deepEqual(of("max_hosts"), { key: "publish.max_hosts", value: 3, source: "server.toml" });
  assert.deepEqual([of("sites_dir")?.value, of("sites_dir")?.source], [
    "/srv",
    "PORTUNUS_SITES_DIR",
  ]);
  assert.deepEqual([of("certs_dir")?.value, of("certs_dir")?.source], ["/data/certs", "default"]);
  assert.deepEqual([of("public_ip")?.value, of("public_ip")?.source], [null, "default"]);
});

Deno.test("examples/server.toml has every key of [publish], with its default", async () => {
  const text = await Deno.readTextFile(new URL("../../examples/server.toml", import.meta.url));
  const section = /^# \[publish\]$[^]*/m.exec(text)?.[0] ?? "";
  const said = parseToml(section.replace(/^# (?=[a-z_]+ = |\[)/gm, "")).publish as Record<
    string,
    unknown
  >;
  assert.deepEqual(Object.keys(said), PUBLISH_KEYS);
  const around = { dataDir: "/var/lib/portunus", env: () => undefined };
  const { publish } = parseServerConfig("[publish]", around);
  assert.ok(publish !== null);
  for (const [key, value] of Object.entries(publishValues(publish))) {
    if (value !== null) assert.equal(said[key], value, key);
  }
});
