import { useState } from "preact/hooks";
import type { Result } from "./client.ts";
import { explain } from "../i18n/explain.ts";

/** A change that the server is asked for: whether it runs, and what refused it. */
export interface Action {
  readonly busy: boolean;
  /** `null` until something is refused, and after something was not. */
  readonly error: string | null;
  /** Shows why the form cannot be sent as it is. */
  readonly refuse: (reason: string) => void;
  readonly run: <T>(work: () => Promise<Result<T>>) => Promise<Result<T>>;
}

export function useAction(): Action {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const run = async <T>(work: () => Promise<Result<T>>): Promise<Result<T>> => {
    setBusy(true);
    const result = await work();
    setBusy(false);
    setError(result.ok ? null : explain(result.error));
    return result;
  };
  return { busy, error, refuse: setError, run };
}
