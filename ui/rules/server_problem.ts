import type { ApiError } from "../api/client.ts";
import { explain } from "../i18n/explain.ts";
import type { Problems } from "./rule_body.ts";

/** The field that a refusal is about, by its code; `{n}` is the target that the message names. */
const FIELDS: readonly (readonly [RegExp, string])[] = [
  [/^client_|^invalid_name$/, "clientId"],
  [/^port_(in_use|outside_grant)$/, "listenStart"],
  [/^(conflict|validation)\.(sni|legacy_to_sni)/, "sni"],
  [/^exceeds_cap$/, "listenEnd"],
  [/^invalid_target_host/, "targets.0.host"],
  [/^target_invalid_host$|^targets_duplicate$/, "targets.{n}.host"],
  [/^target_invalid_port$/, "targets.{n}.port"],
  [/^health_check_interval/, "interval"],
];

/** What the server refused a rule for, at the field it is about; under `form` where it has none. */
export function serverProblem(error: ApiError): Problems {
  const field = FIELDS.find(([code]) => code.test(error.code))?.[1] ?? "form";
  const target = /(\d+) (?:share|has)/.exec(error.message)?.[1] ?? "0";
  return { [field.replace("{n}", target)]: explain(error) };
}
