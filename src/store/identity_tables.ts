import { CredentialRepository } from "./credentials.ts";
import { GrantRepository } from "./grants.ts";
import { InvitationRepository } from "./invitations.ts";
import { LoginAttemptRepository } from "./login_attempts.ts";
import type { Store } from "./open.ts";
import { SetupTokenRepository } from "./setup_token.ts";
import { UserRepository } from "./users.ts";
import { WebSessionRepository } from "./web_sessions.ts";

/** The tables about operators, and transactions over all of them. */
export class IdentityTables {
  readonly users: UserRepository;
  readonly credentials: CredentialRepository;
  readonly grants: GrantRepository;
  readonly sessions: WebSessionRepository;
  readonly attempts: LoginAttemptRepository;
  readonly setupToken: SetupTokenRepository;
  readonly invitations: InvitationRepository;
  readonly #store: Store;

  constructor(store: Store) {
    this.users = new UserRepository(store);
    this.credentials = new CredentialRepository(store);
    this.grants = new GrantRepository(store);
    this.sessions = new WebSessionRepository(store);
    this.attempts = new LoginAttemptRepository(store);
    this.invitations = new InvitationRepository(store);
    this.setupToken = new SetupTokenRepository(store);
    this.#store = store;
  }

  /** Runs `fn` in one `BEGIN IMMEDIATE` transaction. */
  write<T>(fn: () => T): T {
    return this.#store.write(fn);
  }
}
