/**
 * The key of an ACME account, and what is signed with it.
 *
 * @module
 */

import { encodeBase64Url } from "../../../system/base64.ts";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" } as const;
const SIGNATURE = { name: "ECDSA", hash: "SHA-256" } as const;
const PEM = /-----BEGIN PRIVATE KEY-----([^-]+)-----END PRIVATE KEY-----/;

const utf8 = new TextEncoder();
const encodeJson = (value: unknown) => encodeBase64Url(utf8.encode(JSON.stringify(value)));

/** The public half, with its members in the order in which they are hashed (RFC 7638 §3.2). */
interface PublicJwk {
  readonly crv: string;
  readonly kty: string;
  readonly x: string;
  readonly y: string;
}

/** What a signature is for, beside its payload (RFC 8555 §6.2). */
export interface Purpose {
  readonly url: string;
  readonly nonce: string;
  /** The account's URL; `null` for a request that has to carry the key itself. */
  readonly account: string | null;
}

/** A private key on P-256 (ES256). */
export class AccountKey {
  readonly #key: CryptoKey;
  readonly #jwk: PublicJwk;

  private constructor(key: CryptoKey, jwk: PublicJwk) {
    this.#key = key;
    this.#jwk = jwk;
  }

  /** A new key as PEM (PKCS#8). */
  static async generatePem(): Promise<string> {
    const { privateKey } = await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
    const der = new Uint8Array(await crypto.subtle.exportKey("pkcs8", privateKey));
    const lines = der.toBase64().replace(/.{64}(?=.)/g, "$&\n");
    return `-----BEGIN PRIVATE KEY-----\n${lines}\n-----END PRIVATE KEY-----\n`;
  }

  /** @throws {Error} when `pem` holds no key on P-256 in PKCS#8 */
  static async fromPem(pem: string): Promise<AccountKey> {
    const body = PEM.exec(pem)?.[1];
    if (body === undefined) throw new Error("no PRIVATE KEY block in PEM");
    const key = await crypto.subtle.importKey(
      "pkcs8",
      Uint8Array.fromBase64(body),
      ALGORITHM,
      true,
      ["sign"],
    );
    const { crv, kty, x, y } = await crypto.subtle.exportKey("jwk", key);
    if (crv === undefined || kty === undefined || x === undefined || y === undefined) {
      throw new Error("the key has no public half");
    }
    return new AccountKey(key, { crv, kty, x, y });
  }

  /** The key's name: its public half, hashed (RFC 7638). */
  async thumbprint(): Promise<string> {
    const hash = await crypto.subtle.digest("SHA-256", utf8.encode(JSON.stringify(this.#jwk)));
    return encodeBase64Url(new Uint8Array(hash));
  }

  /**
   * The body of a signed request: a JWS in the flattened JSON form (RFC 7515 §7.2.2).
   *
   * @param payload `null` for a request that only reads (POST-as-GET, RFC 8555 §6.3)
   */
  async sign({ url, nonce, account }: Purpose, payload: unknown): Promise<string> {
    const who = account === null ? { jwk: this.#jwk } : { kid: account };
    const header = encodeJson({ alg: "ES256", nonce, url, ...who });
    const body = payload === null ? "" : encodeJson(payload);
    const signature = await crypto.subtle.sign(
      SIGNATURE,
      this.#key,
      utf8.encode(`${header}.${body}`),
    );
    return JSON.stringify({
      protected: header,
      payload: body,
      signature: encodeBase64Url(new Uint8Array(signature)),
    });
  }
}
