/**
 * What the web ingress does with a host: the contract between it and those who publish.
 *
 * @module
 */

/** A request that may pass to what stands behind the host. */
export interface Admitted {
  readonly kind: "admitted";
  /** The user's id, for `Remote-User`. */
  readonly user: string;
  /** For `Remote-Groups`. */
  readonly groups: readonly string[];
  /** The `Cookie` header for what stands behind the host, without the gate's own; `null` for none. */
  readonly cookie: string | null;
  /** A `Set-Cookie` header to add to the answer, beside those of the target; `null` for none. */
  readonly setCookie: string | null;
}

/** What a {@linkcode Gate} says to a request. */
export type Admission =
  | Admitted
  /** The request goes no further; this is its answer. */
  | { readonly kind: "answer"; readonly response: Response };

/** The login in front of a host. It owns the paths below `/.portunus/` there. */
export interface Gate {
  /**
   * Asked once a request, before anything of it goes on.
   *
   * @param request method, URL as the browser has it (port included) and headers; no body is read
   * @param host of the route
   */
  admit(request: Request, host: string): Promise<Admission>;
}

/** Where a host's requests go. */
export type IngressTarget =
  | {
    readonly kind: "proxy";
    readonly upstream: { readonly hostname: string; readonly port: number };
  }
  | { readonly kind: "site"; serve(request: Request): Promise<Response> };

/** A host that the ingress serves. */
export interface IngressRoute {
  /** Lower case, without a port or a dot at the end. */
  readonly host: string;
  readonly target: IngressTarget;
  /** `null` for hosts that anybody may see. */
  readonly gate: Gate | null;
}

/** The hosts there are, by name. */
export interface RouteTable {
  get(host: string): IngressRoute | undefined;
}
