import assert from "node:assert/strict";
import { isWebOrigin } from "./origin.ts";

Deno.test("isWebOrigin() takes scheme and authority, and nothing else", () => {
  const good = [
    "http://localhost",
    "https://portunus.example.com",
    "https://Portunus-1.example:8443",
    "http://127.0.0.1:7080",
    "https://[::1]:7080",
    "https://[2001:db8::1]",
    "http://a:65535",
  ];
  const bad = [
    "",
    "portunus.example.com",
    "ftp://a",
    "HTTPS://a",
    "https://",
    "https://a/",
    "https://a/path",
    "https://a?q",
    "https://a#f",
    "https://user@a",
    "https://a b",
    " https://a",
    "https://a\n",
    "https://a:",
    "https://a:0",
    "https://a:65536",
    "https://a..b",
    "https://.a",
    "https://a.",
    "https://-a",
    "https://a-.b",
    "https://a_b",
    "https://1.2.3",
    "https://256.1.1.1",
    "https://::1",
    "https://[1.2.3.4]",
    "https://[::1",
    "null",
  ];
  for (const text of good) assert.equal(isWebOrigin(text), true, text);
  for (const text of bad) assert.equal(isWebOrigin(text), false, text);
});
