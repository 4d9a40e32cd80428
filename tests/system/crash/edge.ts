import { parseBundle } from "../../../src/core/bundle.ts";
import { openControlStream } from "../../../src/wire/control_client.ts";
import { RuleAction, type ServerMessage } from "../../../src/wire/gen/portunus/v1/portunus_pb.ts";
import type { ClientStream } from "../../../src/wire/streams.ts";
import { hello, statusMessage } from "../../kit/messages.ts";

/** A client that forwards nothing and says it does. */
export class ObligingEdge implements AsyncDisposable {
  readonly #abort = new AbortController();
  readonly #serving: Promise<void>;

  private constructor(stream: ClientStream, incoming: AsyncIterator<ServerMessage>) {
    this.#serving = this.#serve(stream, incoming);
  }

  /** Connects, and returns when the server has said Welcome. */
  static async connect(bundlePath: string): Promise<ObligingEdge> {
    const bundle = parseBundle(await Deno.readTextFile(bundlePath));
    const stream = await openControlStream({
      endpoint: bundle.serverEndpoint,
      pin: bundle.serverCertSha256,
      bearer: bundle.token,
      signal: new AbortController().signal,
    });
    await stream.send(hello("3.2.0"));
    const incoming = stream.incoming[Symbol.asyncIterator]();
    await incoming.next();
    return new ObligingEdge(stream, incoming);
  }

  /** Resolves when the session is over, whoever ended it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.#serving;
  }

  async #serve(stream: ClientStream, incoming: AsyncIterator<ServerMessage>): Promise<void> {
    const { signal } = this.#abort;
    signal.addEventListener("abort", () => stream.cancel());
    try {
      for (let next = await incoming.next(); !next.done; next = await incoming.next()) {
        const { payload } = next.value;
        if (payload.case !== "ruleUpdate" || payload.value.action !== RuleAction.PUSH) continue;
        const { requestId, rule } = payload.value;
        await stream.send(statusMessage({ requestId, ruleId: rule?.ruleId ?? 0n }));
      }
    } catch {
      // The server is killed, time and again.
    }
  }
}
