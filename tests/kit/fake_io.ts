import type { ProcessIo } from "../../src/system/process_io.ts";

/** A process's output and environment, inside a test. */
export class FakeIo implements ProcessIo {
  readonly stdout: string[] = [];
  readonly stderr: string[] = [];
  readonly #env: Readonly<Record<string, string>>;

  /** Whether stdout is a terminal. */
  onTerminal = false;
  readonly #typed: string[];

  constructor(env: Readonly<Record<string, string>> = {}, readonly stdin = "") {
    this.#env = env;
    this.#typed = stdin === "" ? [] : stdin.split("\n");
  }

  out = (text: string): void => void this.stdout.push(text);
  err = (text: string): void => void this.stderr.push(text);
  /** What `status` was told. */
  readonly statuses: string[] = [];
  status = (text: string): void => void this.statuses.push(text);
  isTerminal = (): boolean => this.onTerminal;
  columns = (): number => 80;
  env = (name: string): string | undefined => this.#env[name];
  input = (): Promise<string> => Promise.resolve(this.stdin);
  /** Takes the lines of stdin for what is typed. */
  secret = (prompt: string): Promise<string> => {
    this.stderr.push(prompt);
    const [line] = this.#typed.splice(0, 1);
    return line === undefined ? Promise.reject(new Error("no terminal")) : Promise.resolve(line);
  };
}
