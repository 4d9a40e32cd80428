/**
 * Which page the address and the session lead to.
 *
 * @module
 */

import { LocationProvider, Route, Router, useLocation } from "preact-iso/router";
import lazy, { ErrorBoundary } from "preact-iso/lazy";
import { signal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect } from "preact/hooks";
import { ErrorState, Loading } from "../components/states.tsx";
import { Crash, PageMissing } from "../components/broken.tsx";
import { Toasts } from "../components/toast.tsx";
import { isSuperadmin, loadSession, safeNext, session } from "./session.ts";
import { Shell } from "./shell.tsx";

/**
 * A page of its own script. One that does not come (the server is away, or was upgraded under this
 * tab) is a page that says so.
 */
const page = <Props,>(load: () => Promise<{ default: ComponentType<Props> }>) =>
  lazy(() => load().catch(() => ({ default: PageMissing })));

const Login = page(() => import("../pages/login.tsx"));
const PasswordChange = page(() => import("../pages/password_change.tsx"));
const Onboarding = page(() => import("../pages/onboarding.tsx"));
const Dashboard = page(() => import("../pages/dashboard.tsx"));
const Rules = page(() => import("../pages/rules.tsx"));
const RuleNew = page(() => import("../pages/rule_new.tsx"));
const RuleImport = page(() => import("../pages/rule_import.tsx"));
const RuleEdit = page(() => import("../pages/rule_edit.tsx"));
const RuleDetail = page(() => import("../pages/rule.tsx"));
const Clients = page(() => import("../pages/clients.tsx"));
const Users = page(() => import("../pages/users.tsx"));
const UserPage = page(() => import("../pages/user.tsx"));
const Audit = page(() => import("../pages/audit.tsx"));
const Metrics = page(() => import("../pages/metrics.tsx"));
const Topology = page(() => import("../pages/topology.tsx"));
const Publish = page(() => import("../pages/publish.tsx"));
const SitePage = page(() => import("../pages/site.tsx"));
const Denied = page(() => import("../pages/denied.tsx"));
const ClientPage = page(() => import("../pages/client.tsx"));
const Settings = page(() => import("../pages/settings.tsx"));
const Invite = page(() => import("../pages/invite.tsx"));
const Authorize = page(() => import("../pages/authorize.tsx"));
const NotFound = page(() => import("../pages/not_found.tsx"));

/** Whether rendering failed, so that there is nothing left to show. */
const crashed = signal(false);

export function App() {
  return (
    <LocationProvider>
      <ErrorBoundary onError={() => void (crashed.value = true)}>
        {crashed.value ? <Crash /> : <Gate />}
      </ErrorBoundary>
      <Toasts />
    </LocationProvider>
  );
}

/** Shows what the session allows, and keeps the address in step with it. */
function Gate() {
  const { path, url, query, route } = useLocation();
  const state = session.value;
  const isInvited = path === "/invite";
  const wanted = isInvited ? null : placeFor(state.kind, path, url, query["next"]);
  useEffect(() => {
    if (wanted !== null) route(wanted, true);
  }, [wanted]);

  if (isInvited) return <Invite />;
  if (state.kind === "unknown") return <Loading />;
  if (state.kind === "failed") {
    return <ErrorState error={state.error} onRetry={() => void loadSession()} />;
  }
  if (wanted !== null) return <Loading />;
  if (state.kind === "onboarding") return <Onboarding />;
  if (state.kind === "anonymous") return <Login expired={state.expired} />;
  if (state.kind === "restricted") return <PasswordChange />;
  if (path === "/publish/authorize") return <Authorize />;
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
        <Route path="/publish" component={Publish} />
        <Route path="/publish/sites/:siteId" component={SitePage} />
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
    case "restricted":
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
