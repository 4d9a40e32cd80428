/**
 * The items of `iterable` until it ends or `signal` is aborted, whichever comes first. An item
 * that is still awaited then is left behind; so is the iterable.
 *
 * Unlike `Promise.race` against one long-lived promise, waiting for many items keeps nothing alive.
 *
 * @throws what the iterable throws, unless the signal came first
 */
export async function* untilAborted<T>(
  iterable: AsyncIterable<T>,
  signal: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  const iterator = iterable[Symbol.asyncIterator]();
  let stop: () => void = () => undefined;
  const onAbort = () => stop();
  signal.addEventListener("abort", onAbort);
  try {
    while (!signal.aborted) {
      const { promise, resolve, reject } = Promise.withResolvers<IteratorResult<T> | null>();
      stop = () => resolve(null);
      void iterator.next().then(resolve, reject);
      const next = await promise;
      if (next === null || next.done) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
