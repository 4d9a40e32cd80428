import { useLocation } from "preact-iso/router";

/** The state of a list that is kept in the address: reading it, and changing parts of it. */
export function useUrlState(): {
  readonly query: Readonly<Record<string, string | undefined>>;
  /** Replaces the address; an empty value leaves its key out. */
  readonly set: (changes: Readonly<Record<string, string>>) => void;
} {
  const { path, query, route } = useLocation();
  const set = (changes: Readonly<Record<string, string>>) => {
    const kept = Object.entries({ ...query, ...changes }).filter(([, value]) => value !== "");
    const search = new URLSearchParams(kept).toString();
    route(search === "" ? path : `${path}?${search}`, true);
  };
  return { query, set };
}
