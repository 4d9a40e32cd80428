/** A template tag that escapes what is put into a path or query. */
export function apiPath(
  parts: TemplateStringsArray,
  ...values: readonly (string | bigint)[]
): string {
  return parts.reduce((path, part, i) =>
    `${path}${encodeURIComponent(String(values[i - 1]))}${part}`
  );
}
