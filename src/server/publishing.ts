import { ulid } from "ulid";
import type { OpenAccounts } from "../backend/accounts.ts";
import { observed } from "../identity/observed_identity_store.ts";
import type { Publish, PublishOptions } from "../publish/publish.ts";
import type { LiveConfig } from "./reload.ts";

/** What follows from the configuration and the accounts. */
type Derived = "config" | "accounts" | "newId" | "stopGraceMs";

export interface PublishingOptions extends Omit<PublishOptions, Derived> {
  readonly live: LiveConfig;
  readonly opened: ObservedAccounts;
}

/** Accounts, and a way to hear of their changes. */
export interface ObservedAccounts extends OpenAccounts {
  onChange(listener: () => void): void;
}

/** `opened`, whose changes others can hear of; whoever owns `opened` closes it. */
export function observeAccounts(opened: OpenAccounts): ObservedAccounts {
  const listeners: (() => void)[] = [];
  const store = observed(opened.accounts.store, () => listeners.forEach((it) => it()));
  return {
    ...opened,
    accounts: { ...opened.accounts, store },
    onChange: (listener) => void listeners.push(listener),
  };
}

/**
 * Publishing, where `[publish]` asks for it; its code is loaded only then. Ends with `stack`.
 *
 * @throws what the system says when an address cannot be bound
 */
export async function startPublishing(
  stack: AsyncDisposableStack,
  options: PublishingOptions,
): Promise<Publish | null> {
  const { live, opened } = options;
  const atStart = live.config.publish;
  if (atStart === null) return null;
  const { createPublish } = await import("../publish/publish.ts");
  // A reload that drops the table waits for a restart.
  const publish = createPublish({
    ...options,
    accounts: opened.accounts.store,
    config: () => live.config.publish ?? atStart,
    newId: ulid,
    stopGraceMs: () => live.config.stopGraceMs,
  });
  opened.onChange(() => void publish.usersExport.changed()); // throws nothing
  await publish.start(stack);
  return publish;
}
