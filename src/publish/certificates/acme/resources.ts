/**
 * What a certificate authority answers with (RFC 8555 §7.1), as far as it is used here.
 *
 * @module
 */

import { z } from "zod";

const url = z.url({ protocol: /^https$/ });

const problem = z.object({ type: z.string().optional(), detail: z.string().optional() });

export const problemSchema = problem.extend({ subproblems: z.array(problem).optional() });

export const directorySchema = z.object({
  newNonce: url,
  newAccount: url,
  newOrder: url,
  meta: z.object({
    termsOfService: z.string().optional(),
    externalAccountRequired: z.boolean().optional(),
  }).optional(),
});
export type Directory = z.output<typeof directorySchema>;

export const accountSchema = z.object({
  status: z.string().optional(),
  contact: z.array(z.string()).nullish(),
});

export const orderSchema = z.object({
  status: z.enum(["pending", "ready", "processing", "valid", "invalid"]),
  authorizations: z.array(url),
  finalize: url,
  certificate: url.optional(),
  error: problemSchema.optional(),
});
export type Order = z.output<typeof orderSchema>;

export const challengeSchema = z.object({
  type: z.string(),
  url,
  status: z.string(),
  // A path segment of what the authority will ask for: base64url (§8.3).
  token: z.string().regex(/^[A-Za-z0-9_-]{1,256}$/).optional(),
  error: problemSchema.optional(),
});
export type Challenge = z.output<typeof challengeSchema>;

export const authorizationSchema = z.object({
  status: z.enum(["pending", "valid", "invalid", "deactivated", "expired", "revoked"]),
  challenges: z.array(challengeSchema),
});
export type Authorization = z.output<typeof authorizationSchema>;
