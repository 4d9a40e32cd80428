/**
 * The console's first page: is this server up, and what is the next step.
 *
 * @module
 */

import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { fetchStatus, type ServerStatus } from "./status.ts";

const REFRESH_MS = 5_000;

type View = { readonly kind: "loading" } | { readonly kind: "unreachable" } | {
  readonly kind: "known";
  readonly status: ServerStatus;
};

/** The server's status, asked for again every few seconds while the page can be seen. */
function useStatus(): View {
  const [view, setView] = useState<View>({ kind: "loading" });
  useEffect(() => {
    const refresh = () => {
      if (document.hidden) return;
      fetchStatus().then(
        (status) => setView({ kind: "known", status }),
        () => setView({ kind: "unreachable" }),
      );
    };
    refresh();
    const timer = setInterval(refresh, REFRESH_MS);
    document.addEventListener("visibilitychange", refresh);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", refresh);
    };
  }, []);
  return view;
}

function Health({ view }: { readonly view: View }) {
  if (view.kind === "loading") return <p class="muted" aria-busy="true">Asking the server…</p>;
  if (view.kind === "unreachable") {
    return (
      <p class="bad" role="alert">The server does not answer. This page tries again by itself.</p>
    );
  }
  const { status } = view;
  return (
    <dl>
      <dt>Server</dt>
      <dd class={status.ready ? "good" : "bad"}>
        {status.ready ? "ready" : "its store cannot be read"}
      </dd>
      <dt>Version</dt>
      <dd>{status.version}</dd>
      <dt>Superadmin</dt>
      <dd>{status.onboardingRequired ? "none yet" : "exists"}</dd>
    </dl>
  );
}

const FIRST_STEP = "portunus-server bootstrap-superadmin";
const NEXT_STEPS = `export PORTUNUS_OPERATOR_TOKEN=…
portunus-server list-clients --http-endpoint ${location.host}
portunus-server push-rule <client> <port> <host:port> --http-endpoint ${location.host}
portunus-server list-rules --http-endpoint ${location.host}`;

function NextStep({ onboardingRequired }: { readonly onboardingRequired: boolean }) {
  return (
    <section class="card">
      <h2>
        {onboardingRequired ? "Create the first superadmin" : "Operate from the command line"}
      </h2>
      <p class="muted">
        {onboardingRequired
          ? "Stop the server, run this on its host, and start it again. The token is printed once."
          : "This version is operated with the portunus-server commands and the HTTP API."}
      </p>
      <pre><code>{onboardingRequired ? FIRST_STEP : NEXT_STEPS}</code></pre>
    </section>
  );
}

function App() {
  const view = useStatus();
  return (
    <main>
      <h1>Portunus</h1>
      <p class="muted">Port forwarding, from one place.</p>
      <section class="card" aria-live="polite">
        <Health view={view} />
      </section>
      {view.kind === "known" && <NextStep onboardingRequired={view.status.onboardingRequired} />}
    </main>
  );
}

const root = document.getElementById("root");
if (root) render(<App />, root);
