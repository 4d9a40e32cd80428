import assert from "node:assert/strict";
import { en } from "./en.ts";
import { zhCn } from "./zh_cn.ts";

const placeholders = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).toSorted();

Deno.test("every language has every text, with the same placeholders", () => {
  assert.deepEqual(Object.keys(zhCn).toSorted(), Object.keys(en).toSorted());
  for (const [key, text] of Object.entries(en)) {
    const translated = zhCn[key as keyof typeof en];
    assert.ok(text.length > 0 && translated.length > 0, key);
    assert.deepEqual(placeholders(translated), placeholders(text), key);
  }
});
