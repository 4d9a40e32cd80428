import assert from "node:assert/strict";
import { systemRandom } from "../../system/random.ts";
import { FakeClock } from "../../../tests/kit/fake_clock.ts";
import { Authorizer } from "./authorize.ts";
import { OneTimeCodes } from "./one_time_codes.ts";
import { Visitors } from "./visitors.ts";

const HOST = "app.example.test";

function authorizer(): Authorizer {
  const clock = new FakeClock();
  const account = (userId: string) =>
    Promise.resolve({
      userId,
      role: "user" as const,
      displayName: userId,
      disabled: false,
      createdAt: Temporal.Instant.from("2026-01-01T00:00:00Z"),
      hasPassword: true,
      passwordChangeRequired: false,
      credentialCount: 0,
      email: null,
      totpEnabled: false,
    });
  const store = { account, passwordHash: () => Promise.resolve("phc") };
  return new Authorizer({
    codes: new OneTimeCodes({ clock, random: systemRandom }),
    hosts: { policyOf: (host) => host === HOST ? { users: null } : undefined },
    visitors: new Visitors({ store, clock }),
  });
}

const authorize = (target: string, state = "0".repeat(64)) =>
  authorizer().authorize({ userId: "alice", target, state });

Deno.test("Authorizer.authorize() leads to the callback of a protected host", async () => {
  const targets = [
    `https://${HOST}/`,
    `https://${HOST}`,
    `https://${HOST}:8443/a?b=c#d`,
    `HTTPS://APP.example.TEST/`,
    `https://app.example%2Etest/`,
    `https:\\\\${HOST}\\a`,
  ];
  for (const target of targets) {
    const { host, location } = await authorize(target);
    const url = new URL(location);
    assert.equal(host, HOST);
    assert.equal(url.hostname, HOST);
    assert.match(location, /^https:\/\/[a-z.]+(:8443)?\/\.portunus\/callback\?code=[\w-]{43}$/);
  }
});

Deno.test("Authorizer.authorize() leads nowhere else", async () => {
  const targets = [
    "",
    "/",
    "//evil.test",
    HOST,
    `//${HOST}/`,
    `http://${HOST}/`,
    `ftp://${HOST}/`,
    `javascript:alert(1)//${HOST}`,
    `data:text/html,https://${HOST}`,
    "https://evil.test/",
    `https://evil.test/https://${HOST}/`,
    `https://${HOST}.evil.test/`,
    `https://evil.test#${HOST}`,
    `https://evil.test?${HOST}`,
    `https://evil.test\\.${HOST}/`,
    `https://evil.test\\@${HOST}/`,
    `https://${HOST}@evil.test/`,
    `https://${HOST}:443@evil.test/`,
    `https://user@${HOST}/`,
    `https://user:password@${HOST}/`,
    `https://${HOST}./`,
    `https://sub.${HOST}/`,
    `https://example.test/`,
    `https://app.example.test%00.evil.test/`,
    `https://app.example.test%2F.evil.test/`,
    `https://[::1]/`,
    `https://127.0.0.1/`,
    `https://${HOST}:99999/`,
    "https://аpp.example.test/",
    `https:///evil.test/${HOST}`,
    `https://${HOST}/${"x".repeat(3_000)}`,
  ];
  for (const target of targets) {
    await assert.rejects(authorize(target), { code: "redirect_invalid" }, target);
  }
});

Deno.test("Authorizer.authorize() takes the state of a gate only", async () => {
  for (const state of ["", "0".repeat(63), "0".repeat(65), "A".repeat(64), "g".repeat(64)]) {
    await assert.rejects(authorize(`https://${HOST}/`, state), { code: "redirect_invalid" });
  }
});
