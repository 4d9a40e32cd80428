/**
 * Which page the address and the session lead to.
 *
 * @module
 */

import { LocationProvider, Route, Router, useLocation } from "preact-iso/router";
import lazy, { ErrorBoundary } from "preact-iso/lazy";
import type { ComponentType } from "preact";
import { useEffect } from "preact/hooks";
import { ErrorState, Loading } from "../components/states.tsx";
import { Toasts } from "../components/toast.tsx";
import { isSuperadmin, loadSession, safeNext, session } from "./session.ts";
import { Shell } from "./shell.tsx";

const Login = lazy(() => import("../pages/login.tsx"));
const Onboarding = lazy(() => import("../pages/onboarding.tsx"));
const Dashboard = lazy(() => import("../pages/dashboard.tsx"));
const Rules = lazy(() => import("../pages/rules.tsx"));
const RuleNew = lazy(() => import("../pages/rule_new.tsx"));
const RuleImport = lazy(() => import("../pages/rule_import.tsx"));
const RuleEdit = lazy(() => import("../pages/rule_edit.tsx"));
const RuleDetail = lazy(() => import("../pages/rule.tsx"));
const Clients = lazy(() => import("../pages/clients.tsx"));
const Users = lazy(() => import("../pages/users.tsx"));
const UserPage = lazy(() => import("../pages/user.tsx"));
const Audit = lazy(() => import("../pages/audit.tsx"));
const Metrics = lazy(() => import("../pages/metrics.tsx"));
const Topology = lazy(() => import("../pages/topology.tsx"));
const Denied = lazy(() => import("../pages/denied.tsx"));
const ClientPage = lazy(() => import("../pages/client.tsx"));
const Settings = lazy(() => import("../pages/settings.tsx"));
const NotFound = lazy(() => import("../pages/not_found.tsx"));

export function App() {
  return (
    <LocationProvider>
      <ErrorBoundary>
        <Gate />
      </ErrorBoundary>
      <Toasts />
    </LocationProvider>
  );
}

/** Shows what the session allows, and keeps the address in step with it. */
function Gate() {
  const { path, url, query, route } = useLocation();
  const state = session.value;
  const wanted = placeFor(state.kind, path, url, query["next"]);
  useEffect(() => {
    if (wanted !== null) route(wanted, true);
  }, [wanted]);

  if (state.kind === "unknown") return <Loading />;
  if (state.kind === "failed") {
    return <ErrorState error={state.error} onRetry={() => void loadSession()} />;
  }
  if (wanted !== null) return <Loading />;
  if (state.kind === "onboarding") return <Onboarding />;
  if (state.kind === "anonymous") return <Login expired={state.expired} />;
  return (
    <Shell me={state.me}>
      <Router>
        <Route path="/" component={Dashboard} />
        <Route path="/rules" component={Rules} />
        <Route path="/rules/import" component={RuleImport} />
        <Route path="/rules/new" component={RuleNew} />
        <Route path="/rules/:ruleId" component={RuleDetail} />
        <Route path="/rules/:ruleId/edit" component={RuleEdit} />
        <Route path="/clients" component={Clients} />
        <Route path="/clients/new" component={only(Clients)} />
        <Route path="/clients/:clientId" component={ClientPage} />
        <Route path="/users" component={only(Users)} />
        <Route path="/users/new" component={only(Users)} />
        <Route path="/users/:userId" component={UserPage} />
        <Route path="/audit" component={only(Audit)} />
        <Route path="/metrics" component={only(Metrics)} />
        <Route path="/topology" component={Topology} />
        <Route path="/settings" component={Settings} />
        <Route default component={NotFound} />
      </Router>
    </Shell>
  );
}

/** The page where whoever is logged in may administer; nothing of it is asked for otherwise. */
function only(page: ComponentType): ComponentType {
  return isSuperadmin() ? page : Denied;
}

/** Where the browser has to go first, if not here. */
function placeFor(
  kind: (typeof session.value)["kind"],
  path: string,
  url: string,
  next: string | undefined,
): string | null {
  switch (kind) {
    case "unknown":
    case "failed":
      return null;
    case "onboarding":
      return path === "/onboarding" ? null : "/onboarding";
    case "anonymous": {
      if (path === "/login") return null;
      return path === "/" ? "/login" : `/login?next=${encodeURIComponent(url)}`;
    }
    case "open":
      return path === "/login" || path === "/onboarding" ? safeNext(next) : null;
    default:
      return kind satisfies never;
  }
}
