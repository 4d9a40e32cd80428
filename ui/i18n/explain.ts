import { type ApiError, errorText } from "../api/client.ts";
import { language, t } from "./i18n.ts";
import { remedyFor } from "./remedies.ts";

/** An error as it is shown: what the server said, and on a line of its own what to do about it. */
export function explain(error: ApiError): string {
  const said = error.status === 0 ? t("error.unreachable") : errorText(error);
  const remedy = remedyFor(error, language.value);
  return remedy === null ? said : `${said}\n${remedy}`;
}
