import type { ChallengeResponder } from "../../src/publish/certificates/certificate.ts";

const PREFIX = "/.well-known/acme-challenge/";

/** Answers challenges and nothing else, in the place of the ingress. */
export function serveChallenges(
  { port, challenges }: { readonly port: number; readonly challenges: ChallengeResponder },
): AsyncDisposable {
  return Deno.serve({ hostname: "127.0.0.1", port, onListen: () => undefined }, ({ url }) => {
    const { pathname } = new URL(url);
    const answer = pathname.startsWith(PREFIX)
      ? challenges.respond(pathname.slice(PREFIX.length))
      : undefined;
    return answer === undefined ? new Response(null, { status: 404 }) : new Response(answer);
  });
}
