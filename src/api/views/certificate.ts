import { z } from "zod";
import { toJsonText } from "../../core/instant.ts";
import type { CertificateStatus } from "../../publish/certificates/certificate.ts";
import { dateTime } from "./scalars.ts";

/** How far the certificate of a host is. */
export const CertificateView = z.object({
  status: z.enum(["none", "pending", "valid", "expired", "failed"]),
  source: z.enum(["acme", "operator"]).nullable().meta({
    description: "`operator` for a wildcard that the operator supplied.",
  }),
  not_after: dateTime.nullable(),
  last_error: z.string().nullable().meta({
    description: "What failed last, in the words of the certificate authority.",
  }),
  next_attempt: dateTime.nullable(),
}).meta({ id: "Certificate" });

export function certificateView(status: CertificateStatus): z.input<typeof CertificateView> {
  const { not_after: notAfter, next_attempt: nextAttempt } = status;
  return {
    ...status,
    not_after: notAfter && toJsonText(notAfter),
    next_attempt: nextAttempt && toJsonText(nextAttempt),
  };
}
