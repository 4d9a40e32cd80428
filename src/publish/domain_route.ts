import type { IngressRoute, RouteTable } from "./ingress/route.ts";

const EMPTY = { "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store" };

/**
 * The table with the domain itself in it: it has a certificate from the set-up on, which looks at
 * it through the ingress, and says that there is nothing until a site or tunnel has its name.
 */
export function withDomain(table: RouteTable, domain: () => string | null): RouteTable {
  const serve = () =>
    Promise.resolve(new Response("nothing here\n", { status: 404, headers: EMPTY }));
  return {
    get(host): IngressRoute | undefined {
      const route = table.get(host);
      if (route !== undefined || host !== domain()) return route;
      return { host, target: { kind: "site", serve }, gate: null };
    },
  };
}
