import { request } from "node:https";

export interface WebGet {
  /** `https://host/path`; the host is looked for on loopback. */
  readonly url: string;
  /** Where HTTPS is served on loopback, in the place of 443. */
  readonly port: number;
  /** PEM of the authority that the certificate has to come from. */
  readonly ca: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface WebAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** A GET as a browser makes it: the name decides about certificate and host, DNS leads to us. */
export function webGet({ url, port, ca, headers = {} }: WebGet): Promise<WebAnswer> {
  const { hostname, pathname, search } = new URL(url);
  const { promise, resolve, reject } = Promise.withResolvers<WebAnswer>();
  const sent = request({
    ...{ host: "127.0.0.1", port, ca, servername: hostname, path: pathname + search },
    headers: { Host: hostname, ...headers },
    agent: false,
  }, (answer) => {
    let text = "";
    answer.setEncoding("utf8");
    answer.on("data", (chunk: string) => text += chunk);
    answer.on("end", () => {
      resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text });
    });
    answer.on("error", reject);
  });
  sent.on("error", reject);
  sent.end();
  return promise;
}
