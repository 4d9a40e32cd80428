/**
 * Requests to a certificate authority.
 *
 * @module
 */

import type { Clock } from "../../../core/clock.ts";
import { ACME } from "../../../core/publish_limits.ts";
import { VERSION } from "../../../core/version.ts";

export interface TransportRequest {
  readonly method: "GET" | "HEAD" | "POST";
  readonly url: string;
  /** A JWS. */
  readonly body?: string;
  readonly signal: AbortSignal;
}

export interface TransportResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/**
 * Carries one request.
 *
 * @throws {Error} when there is no answer, or none of a sensible size in time
 */
export type Transport = (request: TransportRequest) => Promise<TransportResponse>;

/** HTTPS, verified against the system's roots and those of `caPem`, or `null` for none. */
export function httpsTransport(
  { caPem, clock }: { readonly caPem: string | null; readonly clock: Clock },
): Transport & Disposable {
  const client = Deno.createHttpClient({ caCerts: caPem === null ? [] : [caPem] });
  const send = async ({ method, url, body, signal }: TransportRequest) => {
    if (!url.startsWith("https://")) throw new Error(`not an https URL: ${url}`);
    const timeout = new AbortController();
    using _ = clock.timer(
      ACME.requestTimeoutMs,
      () => timeout.abort(new Error(`no answer within ${ACME.requestTimeoutMs / 1_000} s`)),
    );
    const response = await fetch(url, {
      method,
      client,
      redirect: "manual",
      signal: AbortSignal.any([signal, timeout.signal]),
      headers: {
        "user-agent": `portunus/${VERSION}`,
        ...(body === undefined ? {} : { "content-type": "application/jose+json" }),
      },
      ...(body === undefined ? {} : { body }),
    });
    const { status, headers } = response;
    return { status, headers, text: await boundedText(response) };
  };
  return Object.assign(send, { [Symbol.dispose]: () => client.close() });
}

async function boundedText({ body }: Response): Promise<string> {
  if (body === null) return "";
  let text = "";
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (text.length > ACME.answerMaxChars) throw new Error("the answer is too long");
  }
  return text;
}
