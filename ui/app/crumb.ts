import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

/** What the page is about, below its section: a client's name, a rule's number. */
export const crumb = signal<string | null>(null);

/** Names what the page is about, in the header and in the tab's title, while it is shown. */
export function useCrumb(name: string | undefined): void {
  useEffect(() => {
    crumb.value = name ?? null;
    return () => void (crumb.value = null);
  }, [name]);
}
