import { createSecureContext, type SecureContext } from "node:tls";
import type { CertificateSource } from "../certificates/certificate.ts";
import type { RouteTable } from "./route.ts";

/** Contexts that are kept; hosts that are published no more leave theirs behind. */
const CONTEXTS_MAX = 10_000;

/**
 * The TLS contexts of published hosts, made when they are needed and again when their certificate
 * was renewed. A host has one once it has both a route and a certificate.
 */
export class TlsContexts {
  readonly #routes: RouteTable;
  readonly #certificates: Pick<CertificateSource, "get">;
  readonly #made = new Map<string, { readonly version: number; readonly context: SecureContext }>();

  constructor(routes: RouteTable, certificates: Pick<CertificateSource, "get">) {
    this.#routes = routes;
    this.#certificates = certificates;
  }

  /** `undefined` for a host that cannot be served. */
  get(host: string): SecureContext | undefined {
    const found = this.#routes.get(host) && this.#certificates.get(host);
    if (found === undefined) {
      this.#made.delete(host);
      return undefined;
    }
    const made = this.#made.get(host);
    if (made?.version === found.version) return made.context;
    const context = createSecureContext({
      cert: found.certPem,
      key: found.keyPem,
      // Nobody is asked for a certificate; without this, Deno loads all roots of the system.
      ca: found.certPem,
      minVersion: "TLSv1.2",
    });
    if (this.#made.size >= CONTEXTS_MAX) this.#made.clear();
    this.#made.set(host, { version: found.version, context });
    return context;
  }
}
