/**
 * The way from nothing to a server that publishes: domain, DNS, provisioning.
 *
 * @module
 */

import { PortunusError } from "../../core/errors.ts";
import { PUBLISH } from "../../core/limits.ts";
import type { Logger } from "../../core/log.ts";
import { parseFqdn } from "../../core/published_host.ts";
import type { Random } from "../../system/random.ts";
import type { Store } from "../../store/open.ts";
import type {
  PublishState,
  PublishStateRepository,
  PublishStatus,
} from "../../store/publish_state.ts";
import type { HostRegistry } from "../hosts.ts";
import { checkHost, type DnsFinding, type LookUp } from "./dns_check.ts";
import type { Provisioning } from "./provisioning.ts";

export interface StagesOptions {
  readonly store: Store;
  readonly state: PublishStateRepository;
  readonly hosts: HostRegistry;
  /** What names have to resolve to; `null` to take what they do. */
  readonly publicIp: () => string | null;
  readonly lookUp: LookUp;
  readonly provisioning: Provisioning;
  readonly random: Random;
  readonly logger: Logger;
}

/** What was found for the domain. */
export interface DomainFinding extends DnsFinding {
  readonly domain: string;
  /** Whether names below the domain lead here, too; for information. */
  readonly wildcard: DnsFinding;
}

export class Stages implements AsyncDisposable {
  readonly #options: StagesOptions;
  readonly #stop = new AbortController();
  #run: Promise<void> = Promise.resolve();

  constructor(options: StagesOptions) {
    this.#options = options;
  }

  get state(): PublishState {
    return this.#options.state.get();
  }

  get provisioning(): Provisioning {
    return this.#options.provisioning;
  }

  /** For what there is only after the set-up. @throws {PortunusError} `publish_not_ready` */
  requireCompleted(): void {
    const { status } = this.state;
    if (status !== "COMPLETED") throw new PortunusError("publish_not_ready", `stage is ${status}`);
  }

  /** For what the set-up consists of. @throws {PortunusError} `publish_onboarding_completed` */
  requireUnfinished(): void {
    if (this.state.status === "COMPLETED") throw new PortunusError("publish_onboarding_completed");
  }

  /**
   * Sets what subdomains are below and whom the certificate authority may write to.
   *
   * @throws {PortunusError} `domain_invalid`, `email_invalid`, or the stage does not allow it
   */
  setDomain(input: { readonly domain: string; readonly email: string }): PublishState {
    this.#require("FRESH", "DOMAIN_SET");
    const domain = parseDomain(input.domain);
    const email = parseEmail(input.email);
    const next: PublishState = { status: "DOMAIN_SET", domain, email, publicIp: null };
    this.#options.store.write(() => {
      this.#options.hosts.reserveBelow(domain);
      this.#options.state.set(next);
    });
    return next;
  }

  /**
   * Looks up the domain, and a name below it that nobody has. When the domain leads here the next
   * stage is reached; no stage is ever lost.
   *
   * @throws {PortunusError} when the stage does not allow it
   */
  async verifyDns(): Promise<DomainFinding> {
    const { lookUp, random, store, state, publicIp } = this.#options;
    const { domain } = this.#require("DOMAIN_SET", "DNS_READY");
    if (domain === null) throw new PortunusError("domain_not_set");
    const probe = `portunus-${random.bytes(6).toHex()}.${domain}`;
    const expected = publicIp();
    const [base, wildcard] = await Promise.all([
      checkHost(domain, expected, lookUp),
      checkHost(probe, expected, lookUp),
    ]);
    store.write(() => {
      const now = this.#require("DOMAIN_SET", "DNS_READY");
      if (now.domain !== domain) throw new PortunusError("publish_wrong_stage", "domain changed");
      const address = expected ?? base.resolvedIps[0] ?? null;
      if (base.ok) state.set({ ...now, status: "DNS_READY", publicIp: address });
    });
    return { ...base, domain, wildcard };
  }

  /**
   * Begins to provision, in the background.
   *
   * @throws {PortunusError} `publish_already_running`, or the stage does not allow it
   */
  provision(): void {
    this.requireUnfinished();
    this.#requireIdle();
    const before = this.#require("DNS_READY", "PROVISIONING");
    this.#options.state.set({ ...before, status: "PROVISIONING" });
    this.#options.logger.info("publish.provisioning_started", { domain: before.domain });
    this.#run = this.#provision();
  }

  /**
   * Back to the beginning. Certificates and the account stay.
   *
   * @throws {PortunusError} `publish_in_use` while there are tunnels or sites,
   * `publish_already_running`
   */
  reset(): PublishState {
    this.#requireIdle();
    const { store, hosts, state, provisioning, logger } = this.#options;
    const next: PublishState = { status: "FRESH", domain: null, email: null, publicIp: null };
    store.write(() => {
      const used = hosts.list().filter(({ kind }) => kind !== "reserved").length;
      if (used > 0) {
        throw new PortunusError("publish_in_use", `remove ${used} tunnels and sites first`);
      }
      hosts.reserveBelow(null);
      state.set(next);
    });
    provisioning.clear();
    logger.info("publish.reset");
    return next;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error("the server stops"));
    await this.#run;
  }

  async #provision(): Promise<void> {
    const { provisioning, logger } = this.#options;
    const error = await provisioning.run(this.#stop.signal);
    if (error === null) logger.info("publish.provisioning_completed");
    else logger.warn("publish.provisioning_failed", { error });
  }

  #requireIdle(): void {
    const { running } = this.#options.provisioning.state;
    if (running) throw new PortunusError("publish_already_running");
  }

  /** @returns the state, when its stage is one of `allowed` */
  #require(...allowed: readonly PublishStatus[]): PublishState {
    this.requireUnfinished();
    const { state } = this;
    if (allowed.includes(state.status)) return state;
    const expected = allowed.join(" or ");
    throw new PortunusError("publish_wrong_stage", `stage is ${state.status}, not ${expected}`);
  }
}

/** Names end in a label of letters, or one in its `xn--` form. */
const TOP_LEVEL = /\.(?:[a-z]{2,}|xn--[a-z0-9-]+)$/;

function parseDomain(text: string): string {
  let domain: string;
  try {
    domain = parseFqdn(text);
  } catch (cause) {
    if (!(cause instanceof PortunusError)) throw cause;
    throw new PortunusError("domain_invalid", cause.detail, { cause });
  }
  if (!TOP_LEVEL.test(domain)) {
    throw new PortunusError("domain_invalid", `"${domain}" does not end in a top-level domain`);
  }
  if (domain.length > PUBLISH.domainMaxChars) {
    const max = PUBLISH.domainMaxChars;
    throw new PortunusError(
      "domain_invalid",
      `more than ${max} characters leave no room for names`,
    );
  }
  return domain;
}

/** One address, as `mailto:` takes it without quoting (RFC 8555 §7.3 allows no more). */
const EMAIL = /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z0-9-]+$/;

function parseEmail(text: string): string {
  const email = text.trim();
  if (email.length <= PUBLISH.emailMaxChars && EMAIL.test(email)) return email;
  throw new PortunusError("email_invalid", "not an e-mail address");
}
