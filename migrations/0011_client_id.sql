-- Clients get ids of their own; until now their names were their identity. Every name that
-- occurs anywhere gets one, so that what is left of a deleted client stays together.

CREATE TABLE client_id_of (
  client_name TEXT NOT NULL PRIMARY KEY,
  client_id TEXT NOT NULL UNIQUE
) STRICT;

-- A digit from 0 to 7 and 25 hexadecimal digits: a ULID without its time.
INSERT INTO client_id_of (client_name, client_id)
SELECT client_name, (random() & 7) || substr(hex(randomblob(13)), 1, 25)
FROM (
  SELECT client_name FROM client_tokens
  UNION SELECT client_name FROM rules WHERE client_name IS NOT NULL
  UNION SELECT client_name FROM rate_limit_owner
  UNION SELECT client_name FROM traffic_quotas
  UNION SELECT client_name FROM traffic_samples_1m
  UNION SELECT client_name FROM traffic_samples_1h
  UNION SELECT client_name FROM client_enrollments
);

CREATE TABLE client_tokens_by_id (
  client_id TEXT NOT NULL PRIMARY KEY,
  client_name TEXT NOT NULL,
  token_hash TEXT NOT NULL UNIQUE,
  issued_at TEXT NOT NULL,
  revoked_at TEXT,
  client_address TEXT
) STRICT;

INSERT INTO client_tokens_by_id
SELECT client_id, client_name, token_hash, issued_at, revoked_at, client_address
FROM client_tokens JOIN client_id_of USING (client_name)
ORDER BY client_tokens.rowid;

DROP TABLE client_tokens;
ALTER TABLE client_tokens_by_id RENAME TO client_tokens;

ALTER TABLE rules ADD COLUMN client_id TEXT;
ALTER TABLE rate_limit_owner ADD COLUMN client_id TEXT;
ALTER TABLE traffic_quotas ADD COLUMN client_id TEXT;
ALTER TABLE traffic_samples_1m ADD COLUMN client_id TEXT;
ALTER TABLE traffic_samples_1h ADD COLUMN client_id TEXT;
ALTER TABLE client_enrollments ADD COLUMN client_id TEXT;

UPDATE rules SET client_id = it.client_id
FROM client_id_of AS it WHERE it.client_name = rules.client_name;
UPDATE rate_limit_owner SET client_id = it.client_id
FROM client_id_of AS it WHERE it.client_name = rate_limit_owner.client_name;
UPDATE traffic_quotas SET client_id = it.client_id
FROM client_id_of AS it WHERE it.client_name = traffic_quotas.client_name;
UPDATE traffic_samples_1m SET client_id = it.client_id
FROM client_id_of AS it WHERE it.client_name = traffic_samples_1m.client_name;
UPDATE traffic_samples_1h SET client_id = it.client_id
FROM client_id_of AS it WHERE it.client_name = traffic_samples_1h.client_name;
UPDATE client_enrollments SET client_id = it.client_id
FROM client_id_of AS it WHERE it.client_name = client_enrollments.client_name;

DROP TABLE client_id_of;

DROP INDEX rules_client_idx;
CREATE INDEX rules_client_idx ON rules (client_id, listen_port);
