/**
 * Answers of a server that publishes, for pages that would need a certificate authority otherwise.
 *
 * @module
 */

import type { Certificate, PublishStatus, Site, SiteFile } from "../../ui/api/types.ts";

const CERTIFICATE: Certificate = {
  status: "valid",
  source: "acme",
  not_after: "2027-02-05T10:00:00Z",
  last_error: null,
  next_attempt: null,
};

export const SITE: Site = {
  id: "01JABCDEFGHJKMNPQRSTVWXYZ7",
  name: "blog",
  fqdn: "blog.example.test",
  type: "managed",
  owner: "admin",
  spa_mode: false,
  protected: false,
  allowed_users: [],
  dns_verified: true,
  cert: CERTIFICATE,
  total_size: 1_342,
  created_at: "2026-05-07T10:00:00Z",
};

export const FILE: SiteFile = {
  name: "index.html",
  path: "index.html",
  type: "file",
  size: 1_342,
  modified_at: "2026-05-07T10:00:00Z",
};

const NAMES = [
  "listeners",
  "acme-account",
  "issue-certs",
  "ingress",
  "verify",
  "finalize",
] as const;

/** How far the set-up is; of the tasks `done` are done. */
export const statusOf = (status: PublishStatus["status"], done = 0): PublishStatus => ({
  status,
  domain: "example.test",
  email: "ops@example.test",
  public_ip: "192.0.2.10",
  provision: {
    running: false,
    tasks: NAMES.map((task, i) => ({
      task,
      title: task,
      status: i < done ? "done" : "pending",
      message: null,
    })),
  },
});
