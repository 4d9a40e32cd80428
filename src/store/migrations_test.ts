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

Deno.test("MIGRATIONS of ours carry the checksum of their text, as 3.1.0 computes it", () => {
  assert.equal(sipHash13(new Uint8Array()), 0xd1fba762150c532cn);
  const utf8 = new TextEncoder();
  for (const { version, name, checksum, sql } of MIGRATIONS.slice(HISTORY_3_1_0.length)) {
    const number = new Uint8Array(new Int32Array([version]).buffer);
    const end = [0xff];
    const text = Uint8Array.of(
      ...utf8.encode(name),
      ...end,
      ...number,
      ...utf8.encode(sql),
      ...end,
    );
    assert.equal(
      checksum,
      `${sipHash13(text)}`,
      `version ${version}: a released step never changes`,
    );
  }
});

/** SipHash-1-3 with a key of zeros; see https://www.aumasson.jp/siphash/siphash.pdf. */
function sipHash13(message: Uint8Array): bigint {
  const u64 = (value: bigint) => BigInt.asUintN(64, value);
  const rotate = (value: bigint, by: bigint) => u64(value << by) | (value >> (64n - by));
  let [a, b, c, d] = [
    0x736f6d6570736575n,
    0x646f72616e646f6dn,
    0x6c7967656e657261n,
    0x7465646279746573n,
  ];
  const round = () => {
    a = u64(a + b);
    b = rotate(b, 13n) ^ a;
    a = rotate(a, 32n);
    c = u64(c + d);
    d = rotate(d, 16n) ^ c;
    a = u64(a + d);
    d = rotate(d, 21n) ^ a;
    c = u64(c + b);
    b = rotate(b, 17n) ^ c;
    c = rotate(c, 32n);
  };
  const padded = new Uint8Array((message.length >> 3 << 3) + 8);
  padded.set(message);
  padded.set([message.length], padded.length - 1);
  const words = new DataView(padded.buffer);
  for (let offset = 0; offset < padded.length; offset += 8) {
    const word = words.getBigUint64(offset, true);
    d ^= word;
    round();
    a ^= word;
  }
  c ^= 0xffn;
  for (let n = 0; n < 3; n++) round();
  return a ^ b ^ c ^ d;
}

Deno.test("MIGRATIONS are numbered from 1 without gaps", () => {
  const numbers = MIGRATIONS.map(({ version }) => version);
  assert.deepEqual(numbers, MIGRATIONS.map((_, index) => index + 1));
  assert.equal(SCHEMA_VERSION, numbers.at(-1));
});
