/**
 * The login in front of protected hosts. Somebody without a session is sent to the operator's
 * origin and comes back with a code:
 *
 * 1. The gate plants a random value in the browser and redirects to the Web UI, with the value's
 *    hash as `state` and the address as `rd`.
 * 2. There they log in, or are logged in already, and get a code that is bound to host, user and
 *    state (`authorize.ts`).
 * 3. At `/.portunus/callback` the code becomes a session cookie of this host.
 *
 * A code in a link that somebody else made is of no use: the state is that of another browser. So
 * nobody can be logged in as somebody else, or with a session that others know.
 *
 * @module
 */

import type { Clock } from "../../core/clock.ts";
import { errorText } from "../../core/errors.ts";
import { PUBLISH_ACCESS } from "../../core/publish_limits.ts";
import type { Logger } from "../../core/log.ts";
import { newToken, type Random } from "../../system/random.ts";
import { hashSecret } from "../../system/secret_hash.ts";
import type { Admission, Gate } from "../ingress/route.ts";
import { cookieValue, foreignCookies, LOGIN_COOKIE, setCookie, SITE_COOKIE } from "./cookies.ts";
import type { OneTimeCodes } from "./one_time_codes.ts";
import { escapeHtml, page, plain } from "./pages.ts";
import { AUTHORIZE_PAGE, CALLBACK_PATH, LOGOUT_PATH, OWN_PATH } from "./paths.ts";
import type { SiteSession, SiteSessions } from "./site_sessions.ts";
import {
  groupsOf,
  mayVisit,
  type ProtectedHosts,
  type Visitor,
  type Visitors,
} from "./visitors.ts";

export interface LoginGateOptions {
  readonly hosts: ProtectedHosts;
  readonly visitors: Visitors;
  readonly sessions: SiteSessions;
  readonly codes: OneTimeCodes;
  /** Where the Web UI is reached; without it nobody can log in. */
  readonly publicOrigin: () => string | null;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export class LoginGate implements Gate {
  readonly #options: LoginGateOptions;

  constructor(options: LoginGateOptions) {
    this.#options = options;
  }

  async admit(request: Request, host: string): Promise<Admission> {
    const url = new URL(request.url);
    try {
      if (url.pathname.startsWith(OWN_PATH)) return answer(this.#ownPage(request, host, url));
      return await this.#admit(request, host, url);
    } catch (error) {
      // Nobody comes in because it could not be found out who they are.
      this.#options.logger.warn("publish.gate_failed", { host, error: errorText(error) });
      return answer(
        plain(503, "the login cannot be checked at the moment", { "Retry-After": "5" }),
      );
    }
  }

  async #admit(request: Request, host: string, url: URL): Promise<Admission> {
    const { hosts, visitors, sessions } = this.#options;
    const session = this.#session(request, host);
    const visitor = session && await visitors.recent(session.user);
    if (session === null || visitor === null || visitor.version !== session.version) {
      return answer(this.#askToLogIn(request, host, url));
    }
    const policy = hosts.policyOf(host);
    if (policy === undefined || !mayVisit(policy, visitor)) return answer(denied(host, visitor));
    const renewed = sessions.renewed(session);
    return {
      kind: "admitted",
      user: visitor.userId,
      groups: groupsOf(visitor),
      cookie: foreignCookies(request.headers.get("cookie")),
      setCookie: renewed && setCookie(SITE_COOKIE, renewed, sessions.secondsLeft(session)),
    };
  }

  #session({ headers }: Request, host: string): SiteSession | null {
    const value = cookieValue(headers.get("cookie"), SITE_COOKIE);
    return value === null ? null : this.#options.sessions.read(value, host);
  }

  #askToLogIn(request: Request, host: string, url: URL): Response {
    const origin = this.#options.publicOrigin();
    if (!isNavigation(request)) {
      return plain(401, "a login is required", { "WWW-Authenticate": `Portunus realm="${host}"` });
    }
    if (origin === null) {
      return plain(503, "operator_http_public_origin is not set: nobody can log in here");
    }
    const planted = cookieValue(request.headers.get("cookie"), LOGIN_COOKIE);
    // Pages that are opened together wait for one login.
    const isOurs = planted !== null && /^[\w-]{43}$/.test(planted);
    const nonce = isOurs ? planted : newToken(this.#options.random);
    const location = new URL(AUTHORIZE_PAGE, origin);
    location.searchParams.set("rd", targetOf(host, url));
    location.searchParams.set("state", hashSecret(nonce));
    return new Response(null, {
      status: 302,
      headers: {
        Location: location.href,
        "Set-Cookie": setCookie(LOGIN_COOKIE, nonce, PUBLISH_ACCESS.loginSecs),
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
      },
    });
  }

  #ownPage(request: Request, host: string, url: URL): Response {
    switch (url.pathname) {
      case CALLBACK_PATH:
        return request.method === "GET"
          ? this.#finishLogin(request, host, url)
          : plain(405, "GET only", { Allow: "GET" });
      case LOGOUT_PATH:
        return this.#logOut(request, host, url);
      default:
        return plain(404, "not found");
    }
  }

  #finishLogin(request: Request, host: string, url: URL): Response {
    const { codes, sessions, logger } = this.#options;
    const grant = codes.take(url.searchParams.get("code") ?? "", host);
    const nonce = cookieValue(request.headers.get("cookie"), LOGIN_COOKIE) ?? "";
    if (grant === undefined || grant.state !== hashSecret(nonce)) {
      logger.warn("publish.login_refused", { host });
      return page({
        status: 401,
        title: "This login is not valid any more",
        body: `<p>It was used before, took too long, or began in another browser.</p>
<p><a href="/">Try again</a></p>`,
      });
    }
    logger.info("publish.login", { host, user: grant.user });
    const value = sessions.begin(grant);
    return new Response(null, {
      status: 302,
      headers: {
        Location: `https://${url.host}${grant.path}`,
        "Set-Cookie": setCookie(SITE_COOKIE, value, PUBLISH_ACCESS.sessionAbsoluteSecs),
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
      },
    });
  }

  /** A link must not log anybody out, nor may another site. */
  #logOut(request: Request, host: string, url: URL): Response {
    if (request.method === "GET" || request.method === "HEAD") {
      return page({
        status: 200,
        title: `Log out of ${host}`,
        body: `<form method="post" action="${LOGOUT_PATH}"><button>Log out</button></form>`,
        // A page that says nothing of itself would send `Origin: null`.
        headers: { "Referrer-Policy": "same-origin" },
      });
    }
    if (request.method !== "POST") return plain(405, "POST only", { Allow: "GET, HEAD, POST" });
    if (request.headers.get("origin") !== `https://${url.host}`) {
      return plain(403, "not from a page of this host");
    }
    const session = this.#session(request, host);
    if (session !== null) this.#options.sessions.end(session);
    return page({
      status: 200,
      title: "Logged out",
      body: `<p>You are logged out of ${escapeHtml(host)}.</p><p><a href="/">Log in</a></p>`,
      headers: { "Set-Cookie": setCookie(SITE_COOKIE, "", 0) },
    });
  }
}

const answer = (response: Response): Admission => ({ kind: "answer", response });

/** Whether the browser shows the answer as a page: everything else cannot follow to a login. */
function isNavigation({ method, headers }: Request): boolean {
  const mode = headers.get("sec-fetch-mode");
  return (method === "GET" || method === "HEAD") && !headers.has("upgrade") &&
    (mode === null || mode === "navigate");
}

/** Where to come back to; the front page instead of an address that is too long to carry along. */
function targetOf(host: string, url: URL): string {
  const port = url.port === "" ? "" : `:${url.port}`;
  const target = `https://${host}${port}${url.pathname}${url.search}`;
  return target.length <= PUBLISH_ACCESS.targetMaxChars ? target : `https://${host}${port}/`;
}

function denied(host: string, { userId }: Visitor): Response {
  return page({
    status: 403,
    title: `No access to ${host}`,
    body: `<p>You are logged in as ${escapeHtml(userId)}, who may not visit this host.</p>
<p><a href="${LOGOUT_PATH}">Log out</a></p>`,
  });
}
