import assert from "node:assert/strict";
import { MIGRATIONS, SCHEMA_VERSION } from "./migrations.ts";

/** What the history of a 3.1.0 store says. */
const HISTORY_3_1_0 = [
  "1 initial_schema 11786654195912023555",
  "2 add_sni_pattern 14295363073089660763",
  "3 add_rule_target_proxy_protocol 10596647371835763543",
  "4 add_rule_runtime_columns 7182284173723398134",
  "5 add_rate_limit_columns 3895287111093501813",
  "6 add_local_password_auth 267170786582072606",
  "7 add_client_address 12864424520539329371",
  "8 add_traffic_quotas 15064009030606639950",
  "9 add_client_enrollments 10336534234183175109",
  "10 add_server_settings 17397128640423336594",
  "11 client_id 1050313244672977380",
  "12 client_id_pk_flip 3686632511975113415",
  "13 drop_user_credentials 3745023148308894710",
];

Deno.test("MIGRATIONS go by the numbers, names and checksums of 3.1.0", () => {
  const ours = MIGRATIONS.map(({ version, name, checksum }) => `${version} ${name} ${checksum}`);
  assert.deepEqual(ours.slice(0, 13), HISTORY_3_1_0);
});

Deno.test("MIGRATIONS are numbered from 1 without gaps", () => {
  const numbers = MIGRATIONS.map(({ version }) => version);
  assert.deepEqual(numbers, MIGRATIONS.map((_, index) => index + 1));
  assert.equal(SCHEMA_VERSION, numbers.at(-1));
});
