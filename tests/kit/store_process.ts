import { TextLineStream } from "./text_lines.ts";

/** A process that writes to a store; see `store_child.ts`. */
export interface StoreProcess extends AsyncDisposable {
  /** The next line it says; empty once it has ended. */
  line(): Promise<string>;
}

export function startStoreChild(dataDir: string): StoreProcess {
  const script = new URL("./store_child.ts", import.meta.url);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", script.href, dataDir],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream()).getReader();
  return {
    line: async () => (await lines.read()).value ?? "",
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await lines.cancel();
      await child.status;
    },
  };
}
