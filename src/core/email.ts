/** Addresses of mail: `local@domain`, by the rules that mail servers agree on, not all of RFC 5322. */

const MAX_CHARS = 254;

/** Whether `text` looks like an address; only a letter to it would tell for sure. */
export function isEmail(text: string): boolean {
  return text.length <= MAX_CHARS &&
    /^[^\s@"(),:;<>[\]\\\p{Cc}]{1,64}@[^\s@"(),:;<>[\]\\\p{Cc}]+$/u.test(text);
}
