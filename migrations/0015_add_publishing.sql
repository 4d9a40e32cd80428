-- Host names that this server publishes, what is behind them, and what accounts need for that.

CREATE TABLE publish_state (
  id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  status TEXT NOT NULL DEFAULT 'FRESH'
    CHECK (status IN ('FRESH', 'DOMAIN_SET', 'DNS_READY', 'PROVISIONING', 'COMPLETED')),
  domain TEXT,
  email TEXT,
  public_ip TEXT
) STRICT;

INSERT INTO publish_state (id) VALUES (1);

-- Who has a name, and the only place that says so. A reserved name has no ref_id.
CREATE TABLE published_hosts (
  fqdn TEXT NOT NULL PRIMARY KEY CHECK (fqdn = lower(fqdn)),
  kind TEXT NOT NULL CHECK (kind IN ('reserved', 'tunnel', 'site')),
  ref_id TEXT CHECK ((ref_id IS NULL) = (kind = 'reserved'))
) STRICT;

CREATE INDEX published_hosts_ref_idx ON published_hosts (ref_id);

-- rule_id names a rule only while there is one: whoever removes it, the tunnel knows.
CREATE TABLE tunnels (
  tunnel_id TEXT NOT NULL PRIMARY KEY,
  fqdn TEXT NOT NULL UNIQUE REFERENCES published_hosts (fqdn),
  subdomain TEXT,
  kind TEXT NOT NULL CHECK (kind IN ('passthrough', 'terminate')),
  client_id TEXT NOT NULL,
  listen_port INTEGER NOT NULL CHECK (listen_port BETWEEN 1 AND 65535),
  target_host TEXT NOT NULL,
  target_port INTEGER NOT NULL CHECK (target_port BETWEEN 1 AND 65535),
  proxy_protocol TEXT CHECK (proxy_protocol IN ('v1', 'v2')),
  description TEXT,
  access TEXT CHECK (access IN ('public', 'authenticated', 'restricted')),
  allowed_users TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(allowed_users)),
  enabled INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
  rule_id INTEGER REFERENCES rules (id) ON DELETE SET NULL,
  state TEXT NOT NULL DEFAULT 'provisioning' CHECK (state IN ('provisioning', 'active', 'failed')),
  state_reason TEXT,
  owner_user_id TEXT NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  CHECK ((access IS NULL) = (kind = 'passthrough'))
) STRICT;

CREATE INDEX tunnels_owner_idx ON tunnels (owner_user_id);
CREATE INDEX tunnels_rule_idx ON tunnels (rule_id);

-- A site outlives its owner: its files are not ours to delete with an account.
CREATE TABLE sites (
  site_id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  fqdn TEXT NOT NULL UNIQUE REFERENCES published_hosts (fqdn),
  type TEXT NOT NULL CHECK (type IN ('managed', 'custom')),
  owner_user_id TEXT REFERENCES users (user_id) ON DELETE SET NULL,
  spa_mode INTEGER NOT NULL DEFAULT 0 CHECK (spa_mode IN (0, 1)),
  protected INTEGER NOT NULL DEFAULT 0 CHECK (protected IN (0, 1)),
  allowed_users TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(allowed_users)),
  dns_verified INTEGER NOT NULL DEFAULT 0 CHECK (dns_verified IN (0, 1)),
  total_size INTEGER NOT NULL DEFAULT 0 CHECK (total_size >= 0),
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
) STRICT;

CREATE INDEX sites_owner_idx ON sites (owner_user_id);

-- Whatever deletes a tunnel or a site gives its name free, deletions of users included.
CREATE TRIGGER tunnels_release AFTER DELETE ON tunnels BEGIN
  DELETE FROM published_hosts WHERE fqdn = OLD.fqdn;
END;
CREATE TRIGGER sites_release AFTER DELETE ON sites BEGIN
  DELETE FROM published_hosts WHERE fqdn = OLD.fqdn;
END;

CREATE TABLE invitations (
  invitation_id TEXT NOT NULL PRIMARY KEY,
  token_hash TEXT NOT NULL UNIQUE,
  user_id TEXT NOT NULL,
  display_name TEXT,
  email TEXT,
  role TEXT NOT NULL CHECK (role IN ('superadmin', 'user')),
  grants TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(grants)),
  created_by TEXT NOT NULL,
  created_at TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  accepted_at TEXT
) STRICT;

CREATE INDEX invitations_user_idx ON invitations (user_id);

ALTER TABLE users ADD COLUMN email TEXT;
-- Base32. Without a last step it is set up but not confirmed, and asked of nobody.
ALTER TABLE users ADD COLUMN totp_secret TEXT;
ALTER TABLE users ADD COLUMN totp_last_step INTEGER
  CHECK (totp_last_step IS NULL OR (totp_last_step >= 0 AND totp_secret IS NOT NULL));
