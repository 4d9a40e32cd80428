/**
 * Takes secrets out of what drivers say before it is logged or printed.
 *
 * @module
 */

const URL_IN_TEXT = /\b([a-z][a-z0-9+.-]*:\/\/)(\S+)/gi;

const SECRET_KEYS: ReadonlySet<string> = new Set([
  "auth",
  "authtoken",
  "password",
  "passwd",
  "pwd",
  "secret",
  "token",
  "accesstoken",
  "apikey",
]);

/**
 * `text` with `redacted@` for the user information of its URLs, `redacted` for secrets of their
 * queries, and without their fragments. URLs that no parser takes count too: a password may hold a
 * raw `/`, `?`, `#` or `@`, so everything before the last `@` is taken for user information.
 */
export function redact(text: string): string {
  return text.replace(URL_IN_TEXT, (_, scheme: string, rest: string) => {
    const at = rest.lastIndexOf("@");
    const user = at === -1 ? "" : "redacted@";
    const [address = ""] = rest.slice(at + 1).split("#", 1);
    return scheme + user + redactQuery(address);
  });
}

function redactQuery(address: string): string {
  const start = address.indexOf("?");
  if (start === -1) return address;
  const query = address.slice(start + 1).replace(
    /([^&;=]+)=([^&;]*)/g,
    (pair, key: string) => isSecret(key) ? `${key}=redacted` : pair,
  );
  return `${address.slice(0, start)}?${query}`;
}

function isSecret(key: string): boolean {
  return SECRET_KEYS.has(decoded(key).toLowerCase().replace(/[-_]/g, ""));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
