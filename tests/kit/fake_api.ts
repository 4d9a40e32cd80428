import { FakeIo } from "./fake_io.ts";
import { main } from "../../src/server/main.ts";

/** A request as the command line sent it. */
export interface SeenRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: Headers;
  readonly body: string;
}

/** An operator API on loopback that answers as told, and the commands that talk to it. */
export class FakeApi implements AsyncDisposable {
  readonly seen: SeenRequest[] = [];
  answer: () => Response = () => new Response(null, { status: 204 });
  readonly #server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => undefined },
    async (request) => {
      const { pathname, search } = new URL(request.url);
      this.seen.push({
        method: request.method,
        target: pathname + search,
        headers: request.headers,
        body: await request.text(),
      });
      return this.answer();
    },
  );

  get endpoint(): string {
    return `127.0.0.1:${this.#server.addr.port}`;
  }

  answerJson(text: string, status = 200): void {
    this.answer = () => new Response(text, { status });
  }

  /** Answers with an error envelope. */
  refuse(status: number, code: string, message = code): void {
    this.answerJson(JSON.stringify({ error: { code, message } }), status);
  }

  /** Runs a command with `--http-endpoint` and a token. */
  run(...args: readonly string[]): Promise<CommandOutcome> {
    return runCommand([...args, "--http-endpoint", this.endpoint], {
      PORTUNUS_OPERATOR_TOKEN: "sesame",
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

/** What a command left behind; the texts as they stand on the streams. */
export interface CommandOutcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs `portunus-server` inside the test. */
export async function runCommand(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  stdin = "",
): Promise<CommandOutcome> {
  const io = new FakeIo(env, stdin);
  const code = await main(args, io);
  const text = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join("");
  return { code, out: text(io.stdout), err: text(io.stderr) };
}
