import type { ProcessIo } from "../../src/system/process_io.ts";

/** A process's output and environment, inside a test. */
export class FakeIo implements ProcessIo {
  readonly stdout: string[] = [];
  readonly stderr: string[] = [];
  readonly #env: Readonly<Record<string, string>>;

  constructor(env: Readonly<Record<string, string>> = {}, readonly stdin = "") {
    this.#env = env;
  }

  out = (text: string): void => void this.stdout.push(text);
  err = (text: string): void => void this.stderr.push(text);
  env = (name: string): string | undefined => this.#env[name];
  input = (): Promise<string> => Promise.resolve(this.stdin);
}
