import { useLocation } from "preact-iso/router";
import { useEffect, useState } from "preact/hooks";
import { useAction } from "../api/action.ts";
import { type Answer, call } from "../api/client.ts";
import { loadSession } from "../app/session.ts";
import { Field, Form } from "../components/field.tsx";
import { formatInstant } from "../components/format.ts";
import { Front } from "../components/front.tsx";
import { passwordProblem } from "../components/new_password.tsx";
import { Loading } from "../components/states.tsx";
import { explain } from "../i18n/explain.ts";
import { t } from "../i18n/i18n.ts";

type Offer = Answer<"POST /v1/invitations/lookup">;

/** For who has a link: the token is behind the `#`, where it reaches no server by itself. */
export default function Invite() {
  const [token] = useState(() => location.hash.slice(1));
  const [offer, setOffer] = useState<Offer | null>(null);
  const [error, setError] = useState<string | null>(null);
  useEffect(() => {
    // Nobody who looks at this screen or its history later shall have it.
    history.replaceState(history.state, "", location.pathname);
    void call("POST /v1/invitations/lookup", { body: { token } }).then((result) => {
      if (result.ok) setOffer(result.value);
      else setError(explain(result.error));
    });
  }, [token]);
  return (
    <Front title={t("invite.title")}>
      {error !== null
        ? <p class="alert" role="alert">{error}</p>
        : offer === null
        ? <Loading />
        : <Accept token={token} offer={offer} />}
    </Front>
  );
}

function Accept({ token, offer }: { readonly token: string; readonly offer: Offer }) {
  const { route } = useLocation();
  const [password, setPassword] = useState("");
  const [confirmation, setConfirmation] = useState("");
  const { busy, error, refuse, run } = useAction();
  const submit = async () => {
    const problem = passwordProblem(password, confirmation);
    if (problem !== null) return refuse(problem);
    const accepted = await run(() =>
      call("POST /v1/invitations/accept", {
        body: { token, password, password_confirm: confirmation },
      })
    );
    if (!accepted.ok) return;
    const { user_id } = accepted.value;
    await call("POST /v1/auth/login", { body: { user_id, password } });
    route("/", true);
    await loadSession();
  };
  const secret = { type: "password", autoComplete: "new-password" } as const;
  return (
    <>
      <p>{t("invite.text", { name: offer.display_name ?? offer.user_id, user: offer.user_id })}</p>
      <p class="muted">{t("invite.until", { at: formatInstant(offer.expires_at) })}</p>
      <Form onSubmit={() => void submit()} submit={t("invite.submit")} busy={busy} error={error}>
        <Field label={t("label.password")} value={password} onInput={setPassword} {...secret} />
        <Field
          label={t("password.confirm")}
          value={confirmation}
          onInput={setConfirmation}
          {...secret}
        />
      </Form>
    </>
  );
}
