-- client_name is NULL for rules that are older than this column; they are not loaded.
ALTER TABLE rules ADD COLUMN client_name TEXT;
ALTER TABLE rules ADD COLUMN prefer_ipv6 INTEGER CHECK (prefer_ipv6 IN (0, 1));
ALTER TABLE rules ADD COLUMN state_kind TEXT NOT NULL DEFAULT 'pending'
  CHECK (state_kind IN ('pending', 'active', 'failed', 'removed'));
ALTER TABLE rules ADD COLUMN state_reason TEXT;

CREATE INDEX rules_client_idx ON rules (client_name, listen_port);
