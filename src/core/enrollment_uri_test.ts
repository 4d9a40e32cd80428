import assert from "node:assert/strict";
import fc from "fast-check";
import {
  enrollCommand,
  EnrollmentUriError,
  formatEnrollmentUri,
  parseEnrollmentUri,
} from "./enrollment_uri.ts";

const pin = "0123456789abcdef".repeat(4);
const code = "c0DE_-".padEnd(43, "x");
const enrollment = { endpoint: "public.example:7443", pin, code };
const uri = `portunus://public.example:7443/enroll?pin=sha256:${pin}&code=${code}`;

Deno.test("formatEnrollmentUri() and enrollCommand() write the documented texts", () => {
  assert.equal(formatEnrollmentUri(enrollment), uri);
  assert.equal(enrollCommand(uri), `portunus-client enroll '${uri}'`);
});

Deno.test("parseEnrollmentUri() reads every member", () => {
  const accepted = [
    uri,
    uri.replace(pin, pin.toUpperCase()),
    `portunus://public.example:7443/enroll?code=${code}&pin=sha256:${pin}`,
    `${uri}&later=1&empty=`,
    `portunus://public.example:7443/enroll?pin=sha256:${"0".repeat(64)}&code=old&${
      uri.split("?")[1]
    }`,
  ];
  for (const text of accepted) assert.deepEqual(parseEnrollmentUri(text), enrollment);
  assert.equal(parseEnrollmentUri(`${uri}=?&%20=%41`).code, `${code}=?`);
});

Deno.test("parseEnrollmentUri() throws the documented text of the first problem", () => {
  const good = `pin=sha256:${pin}&code=${code}`;
  const cases: [text: string, message: string][] = [
    ["", "bad enrollment URI scheme"],
    [`Portunus://h:1/enroll?${good}`, "bad enrollment URI scheme"],
    [` ${uri}`, "bad enrollment URI scheme"],
    ["portunus://h:1/enroll", "missing enrollment URI query"],
    [`portunus://h:1?${good}`, "bad enrollment URI path"],
    [`portunus://h:1/enroll/?${good}`, "bad enrollment URI path"],
    [`portunus:///enroll?${good}`, "missing enrollment URI field: endpoint"],
    [`portunus://h:1/x/enroll?${good}`, "bad enrollment URI path"],
    ["portunus://h:1/enroll?", "malformed enrollment URI query pair"],
    [`portunus://h:1/enroll?${good}&`, "malformed enrollment URI query pair"],
    [`portunus://h:1/enroll?flag&${good}`, "malformed enrollment URI query pair"],
    ["portunus://h:1/enroll?pin=", "bad enrollment URI pin"],
    [`portunus://h:1/enroll?pin=${pin}&code=x`, "bad enrollment URI pin"],
    [`portunus://h:1/enroll?pin=SHA256:${pin}&code=x`, "bad enrollment URI pin"],
    [`portunus://h:1/enroll?pin=sha256:${pin}0&code=x`, "bad enrollment URI pin"],
    [`portunus://h:1/enroll?pin=sha256:${pin.slice(1)}g&code=x`, "bad enrollment URI pin"],
    [`portunus://h:1/enroll?code=&pin=sha256:${pin}`, "missing enrollment URI field: code"],
    [`portunus://h:1/enroll?pin=sha256:${pin}`, "missing enrollment URI field: code"],
    [`portunus://h:1/enroll?code=x`, "missing enrollment URI field: pin"],
    ["portunus://h:1/enroll?a=b", "missing enrollment URI field: pin"],
  ];
  for (const [text, message] of cases) {
    assert.throws(() => parseEnrollmentUri(text), { name: "EnrollmentUriError", message }, text);
  }
});

Deno.test("parseEnrollmentUri() reads back what formatEnrollmentUri() writes", () => {
  const enrollments = fc.record({
    endpoint: fc.tuple(fc.domain(), fc.nat(65_535)).map((parts) => parts.join(":")),
    pin: fc.stringMatching(/^[0-9a-f]{64}$/),
    code: fc.stringMatching(/^[A-Za-z0-9_-]{43}$/),
  });
  fc.assert(fc.property(enrollments, (value) => {
    assert.deepEqual(parseEnrollmentUri(formatEnrollmentUri(value)), { ...value });
  }));
});

Deno.test("parseEnrollmentUri() throws only EnrollmentUriError, which never quotes the text", () => {
  const tails = fc.array(
    fc.constantFrom("/enroll", "?", "&", "=", "pin", "sha256:", "code", "SECRET"),
  );
  const texts = fc.oneof(
    fc.string({ unit: "binary" }),
    tails.map((parts) => `portunus://${parts.join("")}`),
  );
  fc.assert(fc.property(texts, (text) => {
    try {
      parseEnrollmentUri(text);
    } catch (error) {
      assert.ok(error instanceof EnrollmentUriError);
      assert.ok(!error.message.includes("SECRET"));
    }
  }));
});
