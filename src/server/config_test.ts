import assert from "node:assert/strict";
import { PortunusError } from "../core/errors.ts";
import { isSecure, parseServerConfig } from "./config.ts";

const ENVIRONMENT: Readonly<Record<string, string>> = {
  DB_URL: "postgres://u:p@db/x",
  DB_LIMIT: "7",
};

const parse = (text: string) =>
  parseServerConfig(text, { dataDir: "/data", env: (name) => ENVIRONMENT[name] });

function refusal(text: string): string {
  try {
    parse(text);
  } catch (error) {
    assert.ok(error instanceof PortunusError, `${error}`);
    assert.equal(error.code, "config_invalid");
    return error.message;
  }
  return assert.fail(`accepted: ${text}`);
}

Deno.test("parseServerConfig() has a default for everything", () => {
  assert.deepEqual(parse(""), {
    controlListen: { host: "0.0.0.0", port: 7443 },
    operatorHttpListen: { host: "127.0.0.1", port: 7080 },
    metricsListen: { host: "127.0.0.1", port: 7081 },
    tlsCertPath: "/data/server.crt",
    tlsKeyPath: "/data/server.key",
    operatorHttpTls: null,
    rangeRuleMaxPorts: 1_024,
    udpFlowIdleSecs: 60,
    udpMaxFlowsPerRule: 1_024,
    operatorToken: null,
    publicOrigin: null,
    publish: null,
    backend: null,
    logLevel: null,
    stopGraceMs: 5_000,
  });
});

Deno.test("parseServerConfig() reads every key of a 3.1.0 file", () => {
  const config = parse(`
    control_listen = "[::]:1"
    operator_http_listen = "0.0.0.0:2"
    operator_http_public_origin = "https://portunus.example"
    metrics_listen = "[::1]:0"
    tls_cert_path = "tls/a.pem"
    tls_key_path = "/b.pem"
    token_store_path = "t"
    operator_store_path = "o"
    shutdown_drain_timeout_secs = 30
    log_format = "compact"
    range_rule_max_ports = 4294967295
    udp_flow_idle_secs = 300
    udp_max_flows_per_rule = 65535
    operator_token = "sesame"
    log_level = "portunus_server=debug,info"
  `);
  assert.deepEqual(config.controlListen, { host: "::", port: 1 });
  assert.deepEqual(config.operatorHttpListen, { host: "0.0.0.0", port: 2 });
  assert.deepEqual(config.metricsListen, { host: "::1", port: 0 });
  assert.deepEqual([config.tlsCertPath, config.tlsKeyPath], ["tls/a.pem", "/b.pem"]);
  assert.equal(config.rangeRuleMaxPorts, 4_294_967_295);
  assert.deepEqual([config.udpFlowIdleSecs, config.udpMaxFlowsPerRule], [300, 65_535]);
  assert.equal(config.operatorToken, "sesame");
  assert.equal(config.publicOrigin, "https://portunus.example");
  assert.equal(config.logLevel, "portunus_server=debug,info");
  assert.equal(config.stopGraceMs, 30_000);
});

Deno.test("parseServerConfig() stops before a supervisor's patience ends", () => {
  assert.equal(parse("shutdown_drain_timeout_secs = 0").stopGraceMs, 0);
  assert.equal(parse("shutdown_drain_timeout_secs = 86400").stopGraceMs, 55_000);
});

Deno.test("parseServerConfig() names the key and the range of a number outside it", () => {
  const cases = [
    ["range_rule_max_ports", 0, "1..=4294967295"],
    ["range_rule_max_ports", 4_294_967_296, "1..=4294967295"],
    ["udp_flow_idle_secs", 29, "30..=300"],
    ["udp_flow_idle_secs", 301, "30..=300"],
    ["udp_max_flows_per_rule", 0, "1..=65535"],
    ["udp_max_flows_per_rule", 65_536, "1..=65535"],
    ["udp_max_flows_per_rule", -1, "1..=65535"],
  ] as const;
  for (const [key, value, range] of cases) {
    assert.equal(
      refusal(`${key} = ${value}`),
      `config_invalid: ${key} out of range (got ${value}, expected ${range})`,
    );
  }
  parse("range_rule_max_ports = 1\nudp_flow_idle_secs = 30\nudp_max_flows_per_rule = 1");
});

Deno.test("parseServerConfig() wants an origin, and does not show what else it was given", () => {
  for (const text of ["https://me:secret@portunus.example", "https://a/secret", "secret"]) {
    const message = refusal(`operator_http_public_origin = "${text}"`);
    assert.match(message, /^config_invalid: operator_http_public_origin must be http/);
    assert.ok(!message.includes("secret"), message);
  }
});

Deno.test("parseServerConfig() refuses unknown keys and wrong types, naming the key", () => {
  assert.equal(
    refusal("contol_listen = 1"),
    `config_invalid: unknown key "contol_listen", did you mean "control_listen"?`,
  );
  assert.equal(
    refusal("udp_flow_idle_sec = 60\nrange_rule_max_ports = 0"),
    "config_invalid: range_rule_max_ports out of range (got 0, expected 1..=4294967295); " +
      'unknown key "udp_flow_idle_sec", did you mean "udp_flow_idle_secs"?',
  );
  assert.match(refusal('log_level = "loud"'), /log_level must be a level/);
  assert.match(refusal("[tls]\ncert = 1"), /unknown key "tls"/);
  const wrong = [
    ["control_listen", "7443"],
    ["tls_cert_path", "true"],
    ["operator_token", "1"],
    ["udp_flow_idle_secs", `"60"`],
    ["udp_flow_idle_secs", "60.5"],
    ["shutdown_drain_timeout_secs", "-1"],
    ["log_format", `"pretty"`],
    ["log_format", `"JSON"`],
  ] as const;
  for (const [key, value] of wrong) {
    assert.match(refusal(`${key} = ${value}`), new RegExp(`^config_invalid: ${key}: .`));
  }
});

Deno.test("parseServerConfig() wants addresses as IP:port", () => {
  for (const key of ["control_listen", "operator_http_listen", "metrics_listen"]) {
    for (const text of ["", "7443", "localhost:7443", "::1:80", "1.2.3.4:65536", "1.2.3.4"]) {
      assert.equal(
        refusal(`${key} = "${text}"`),
        `config_invalid: ${key} must be IP:port (got "${text}")`,
      );
    }
  }
});

Deno.test("parseServerConfig() wants metrics on loopback", () => {
  for (const text of ["0.0.0.0:7081", "[::]:7081", "192.0.2.1:0"]) {
    assert.equal(
      refusal(`metrics_listen = "${text}"`),
      `config_invalid: metrics_listen must bind to loopback (got ${text})`,
    );
  }
  for (const text of ["127.0.0.1:0", "127.9.9.9:1", "[::1]:1"]) parse(`metrics_listen = "${text}"`);
});

Deno.test("parseServerConfig() never shows a line of a file that is not TOML", () => {
  const secret = "sesame-open";
  const broken = [
    `operator_token = ${secret}`,
    `operator_token = "${secret}`,
    `operator_token "${secret}"`,
    `operator_token = "${secret}" x`,
    `operator_token = "a"\noperator_token = "${secret}"`,
    `operator_token = "${secret}\\q"`,
    `operator_token = '''${secret}`,
    `[${secret}`,
    `${secret}`,
    `operator_token = { a = "${secret}"`,
    `operator_token = "${secret}\u0001"`,
    `operator_token = 99999999999999999999`,
  ];
  for (const text of broken) {
    const message = refusal(`\n${text}`);
    assert.match(message, /^config_invalid: line \d+, column \d+: ./, text);
    assert.ok(!message.includes(secret) && !message.includes("\n"), message);
  }
});

Deno.test("parseServerConfig() does not show a secret of the wrong type", () => {
  assert.ok(!refusal("operator_token = 123454321").includes("123454321"));
  assert.ok(!refusal(`operator_token = ["sesame-open"]`).includes("sesame"));
});

Deno.test("parseServerConfig() takes a certificate for operators with its key, and only so", () => {
  const [cert, key] = ['operator_http_tls_cert = "a"', 'operator_http_tls_key = "b"'];
  const config = parse(`${cert}\n${key}`);
  assert.deepEqual(config.operatorHttpTls, { certPath: "a", keyPath: "b" });
  assert.equal(
    refusal(cert),
    "config_invalid: operator_http_tls_cert needs operator_http_tls_key, too",
  );
  assert.match(refusal(key), /operator_http_tls_key needs operator_http_tls_cert/);
  assert.ok(isSecure(config));
  assert.ok(!isSecure(parse("")));
  assert.ok(isSecure(parse('operator_http_public_origin = "https://a.example"')));
  const plain = parse(`${cert}\n${key}\noperator_http_public_origin = "http://a.example"`);
  assert.ok(!isSecure(plain), "what the operator says of the way there counts");
});

Deno.test("parseServerConfig() takes [publish] as a whole, below the data directory", () => {
  assert.deepEqual(parse("[publish]").publish, {
    httpListen: { host: "0.0.0.0", port: 80 },
    httpsListen: { host: "0.0.0.0", port: 443 },
    publicIp: null,
    sitesDir: "/data/sites",
    certsDir: "/data/certs",
    maxSiteSizeBytes: 524_288_000,
    maxFileSizeBytes: 52_428_800,
    maxHosts: 200,
    acmeDirectory: "https://acme-v02.api.letsencrypt.org/directory",
    acmeCaPath: null,
    dnsServer: null,
    usersExportPath: null,
  });
  const { publish } = parse('[publish]\nsites_dir = "/srv/sites"\nusers_export_path = "u.yml"');
  assert.equal(publish?.sitesDir, "/srv/sites");
  assert.equal(publish?.usersExportPath, "/data/u.yml");
});

Deno.test("parseServerConfig() has directories of the environment before those of the file", () => {
  const env = (name: string) => name === "PORTUNUS_CERTS_DIR" ? "/etc/certs" : " ";
  const text = '[publish]\ncerts_dir = "a"\nsites_dir = "b"';
  const { publish } = parseServerConfig(text, { dataDir: "/data", env });
  assert.equal(publish?.certsDir, "/etc/certs");
  assert.equal(publish?.sitesDir, "/data/b");
});

Deno.test("parseServerConfig() refuses what [publish] does not have, and says what was meant", () => {
  const refused: [string, RegExp][] = [
    ["publish = 1", /publish: /],
    [
      "[publish]\nmax_host = 1",
      /unknown key "publish.max_host", did you mean "publish.max_hosts"\?/,
    ],
    ["[publish]\nmax_hosts = 0", /publish.max_hosts out of range \(got 0, expected 1\.\.=10000\)/],
    ["[publish]\nmax_site_size = 1.5", /publish.max_site_size: /],
    ['[publish]\nhttps_listen = "443"', /publish.https_listen must be IP:port \(got "443"\)/],
    ['[publish]\ndns_server = "ns.example"', /publish.dns_server must be IP:port/],
    ['[publish]\npublic_ip = "example.com"', /publish.public_ip must be an IP address/],
    ['[publish]\nsites_dir = ""', /publish.sites_dir must not be empty/],
    [
      '[publish]\nacme_directory = "http://u:sesame@ca/"',
      /publish.acme_directory must be an https/,
    ],
  ];
  for (const [text, message] of refused) assert.match(refusal(text), message);
  assert.ok(!refusal('[publish]\nacme_directory = "http://u:sesame@ca/"').includes("sesame"));
});
