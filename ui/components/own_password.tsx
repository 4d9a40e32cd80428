import { useState } from "preact/hooks";
import { t } from "../i18n/i18n.ts";
import { NewPassword } from "./new_password.tsx";
import { toast } from "./toast.tsx";

/** Changes one's own password; the form is empty again after every change. */
export function OwnPassword() {
  const [changes, setChanges] = useState(0);
  return (
    <section class="card">
      <h2>{t("password.change")}</h2>
      <NewPassword
        key={changes}
        onChanged={() => {
          setChanges(changes + 1);
          toast("good", t("password.changed"));
        }}
      />
    </section>
  );
}
