/**
 * For `deno run --preload` with `--expose-gc`: at each SIGUSR2 collects all garbage, and logs what is
 * left (`probe.memory`). Without that, what a process has says more of V8's habits than of leaks.
 *
 * @module
 */

const { gc } = globalThis as { readonly gc?: () => void };

Deno.addSignalListener("SIGUSR2", () => {
  gc?.();
  const { rss, heapUsed } = Deno.memoryUsage();
  const line = JSON.stringify({ fields: { event: "probe.memory", rss, heap_used: heapUsed } });
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
});
