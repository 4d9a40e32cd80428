/** A browser as servers see it: a cookie, our own pages as origin, and no connection kept. */
export class HttpBrowser implements Disposable {
  readonly #client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  #cookie = "";

  /** @param http `ip:port` of the server, or of what stands before several */
  constructor(readonly http: string) {}

  async request(method: string, path: string, body?: unknown): Promise<BrowserAnswer> {
    const response = await fetch(`http://${this.http}${path}`, {
      method,
      client: this.#client,
      headers: {
        "Cookie": this.#cookie,
        "Origin": `http://${this.http}`,
        "X-Portunus-CSRF": "1",
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const [cookie] = (response.headers.get("set-cookie") ?? "").split(";");
    if (cookie !== undefined && cookie !== "") this.#cookie = cookie;
    const json = text === "" ? {} : JSON.parse(text) as Record<string, unknown>;
    const { error } = json as { readonly error?: { readonly code: string } };
    return {
      status: response.status,
      json,
      outcome: error === undefined ? `${response.status}` : `${response.status} ${error.code}`,
    };
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

export interface BrowserAnswer {
  readonly status: number;
  readonly json: Readonly<Record<string, unknown>>;
  /** The status, and the code of an error. */
  readonly outcome: string;
}
