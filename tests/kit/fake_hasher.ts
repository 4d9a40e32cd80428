import type { PasswordHasher } from "../../src/identity/password_hasher.ts";

/** Hashes at no cost, and counts how often a password was compared. */
export class FakeHasher implements PasswordHasher {
  verifications = 0;
  /** Called while a password is being hashed or compared. */
  meanwhile: () => void = () => undefined;

  hash(password: string): Promise<string> {
    this.meanwhile();
    return Promise.resolve(`fake:${password}`);
  }

  verify(password: string, phc: string | null): Promise<boolean> {
    this.verifications++;
    this.meanwhile();
    return Promise.resolve(phc === `fake:${password}`);
  }
}
