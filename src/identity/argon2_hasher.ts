import { PortunusError } from "../core/errors.ts";
import { PASSWORD } from "../core/limits.ts";
import type { Random } from "../system/random.ts";
import type { Argon2Answer, Argon2Job, Argon2Request } from "./argon2_worker.ts";
import type { PasswordHasher } from "./password_hasher.ts";

const SALT_BYTES = 16;

/** Of the cost of new hashes and of no password: nothing hashes to 32 zero bytes. */
const DUMMY_PHC = `$argon2id$v=19$m=19456,t=2,p=1$${"A".repeat(22)}$${"A".repeat(43)}`;

const utf8 = new TextEncoder();

type Waiter = PromiseWithResolvers<string | boolean>;

/** Argon2id in a Worker that starts with the first password and ends when this is disposed of. */
export class Argon2Hasher implements PasswordHasher, Disposable {
  readonly #random: Random;
  readonly #waiting = new Map<number, Waiter>();
  #worker: Worker | null = null;
  #nextId = 0;
  #closed = false;

  constructor(random: Random) {
    this.#random = random;
  }

  async hash(password: string): Promise<string> {
    const salt = this.#random.bytes(SALT_BYTES);
    return String(await this.#run({ kind: "hash", password: utf8.encode(password), salt }));
  }

  async verify(password: string, phc: string | null): Promise<boolean> {
    const bytes = utf8.encode(password);
    // Argon2 takes no empty password, and nobody has one that is longer than the limit.
    const possible = bytes.length > 0 && bytes.length <= PASSWORD.maxBytes;
    const verdict = await this.#run({
      kind: "verify",
      password: possible ? bytes : utf8.encode("x"),
      phc: phc ?? DUMMY_PHC,
    });
    return verdict === true && possible && phc !== null;
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#worker?.terminate();
    this.#fail();
  }

  #run(job: Argon2Job): Promise<string | boolean> {
    if (this.#waiting.size >= PASSWORD.waitingMax) {
      return Promise.reject(new PortunusError("rate_limited", "too many passwords to check"));
    }
    // A new Worker would keep a process alive that has been told to end.
    if (this.#closed) return Promise.reject(new PortunusError("password_hash_failed"));
    const id = this.#nextId++;
    const waiter: Waiter = Promise.withResolvers();
    this.#waiting.set(id, waiter);
    this.#worker ??= this.#start();
    this.#worker.postMessage({ id, job } satisfies Argon2Request);
    return waiter.promise;
  }

  #start(): Worker {
    const worker = new Worker(new URL("./argon2_worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data: { id, result } }: MessageEvent<Argon2Answer>) => {
      const waiter = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (result === null) waiter?.reject(new PortunusError("password_hash_failed"));
      else waiter?.resolve(result);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      worker.terminate();
      this.#fail();
    };
    return worker;
  }

  /** Fails everyone who waits; the next password gets a new Worker. */
  #fail(): void {
    this.#worker = null;
    for (const { reject } of this.#waiting.values()) {
      reject(new PortunusError("password_hash_failed"));
    }
    this.#waiting.clear();
  }
}
