-- client_id takes the place of client_name in the keys. Rows without one belong to nobody.

CREATE TABLE rate_limit_owner_by_id (
  client_id TEXT NOT NULL,
  owner_id TEXT NOT NULL,
  rl_bandwidth_in_bps INTEGER CHECK (rl_bandwidth_in_bps > 0),
  rl_bandwidth_out_bps INTEGER CHECK (rl_bandwidth_out_bps > 0),
  rl_new_connections_per_sec INTEGER CHECK (rl_new_connections_per_sec > 0),
  rl_concurrent_connections INTEGER CHECK (rl_concurrent_connections > 0),
  rl_bandwidth_in_burst INTEGER CHECK (rl_bandwidth_in_burst > 0),
  rl_bandwidth_out_burst INTEGER CHECK (rl_bandwidth_out_burst > 0),
  rl_new_connections_burst INTEGER CHECK (rl_new_connections_burst > 0),
  updated_at_unix_ms INTEGER NOT NULL,
  PRIMARY KEY (client_id, owner_id)
);

INSERT INTO rate_limit_owner_by_id
SELECT
  client_id, owner_id,
  rl_bandwidth_in_bps, rl_bandwidth_out_bps,
  rl_new_connections_per_sec, rl_concurrent_connections,
  rl_bandwidth_in_burst, rl_bandwidth_out_burst, rl_new_connections_burst,
  updated_at_unix_ms
FROM rate_limit_owner WHERE client_id IS NOT NULL;

DROP TABLE rate_limit_owner;
ALTER TABLE rate_limit_owner_by_id RENAME TO rate_limit_owner;

-- From here on client_name is the name at the time of writing, for display only.
CREATE TABLE traffic_quotas_by_id (
  user_id TEXT NOT NULL,
  client_id TEXT NOT NULL,
  client_name TEXT NOT NULL,
  monthly_bytes INTEGER NOT NULL CHECK (monthly_bytes >= 0),
  billing_anchor INTEGER NOT NULL,
  current_period_started_at INTEGER NOT NULL,
  current_period_bytes_used INTEGER NOT NULL DEFAULT 0 CHECK (current_period_bytes_used >= 0),
  exhausted_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, client_id)
);

INSERT INTO traffic_quotas_by_id
SELECT
  user_id, client_id, client_name, monthly_bytes, billing_anchor,
  current_period_started_at, current_period_bytes_used, exhausted_at, created_at, updated_at
FROM traffic_quotas WHERE client_id IS NOT NULL;

DROP TABLE traffic_quotas;
ALTER TABLE traffic_quotas_by_id RENAME TO traffic_quotas;
CREATE INDEX idx_traffic_quotas_client ON traffic_quotas (client_id);

CREATE TABLE traffic_samples_1m_by_id (
  user_id TEXT NOT NULL,
  client_id TEXT NOT NULL,
  client_name TEXT NOT NULL,
  ts_minute INTEGER NOT NULL,
  bytes_in INTEGER NOT NULL CHECK (bytes_in >= 0),
  bytes_out INTEGER NOT NULL CHECK (bytes_out >= 0),
  PRIMARY KEY (user_id, client_id, ts_minute)
);

INSERT INTO traffic_samples_1m_by_id
SELECT user_id, client_id, client_name, ts_minute, bytes_in, bytes_out
FROM traffic_samples_1m WHERE client_id IS NOT NULL;

DROP TABLE traffic_samples_1m;
ALTER TABLE traffic_samples_1m_by_id RENAME TO traffic_samples_1m;
CREATE INDEX idx_traffic_samples_1m_ts ON traffic_samples_1m (ts_minute);

CREATE TABLE traffic_samples_1h_by_id (
  user_id TEXT NOT NULL,
  client_id TEXT NOT NULL,
  client_name TEXT NOT NULL,
  ts_hour INTEGER NOT NULL,
  bytes_in INTEGER NOT NULL CHECK (bytes_in >= 0),
  bytes_out INTEGER NOT NULL CHECK (bytes_out >= 0),
  PRIMARY KEY (user_id, client_id, ts_hour)
);

INSERT INTO traffic_samples_1h_by_id
SELECT user_id, client_id, client_name, ts_hour, bytes_in, bytes_out
FROM traffic_samples_1h WHERE client_id IS NOT NULL;

DROP TABLE traffic_samples_1h;
ALTER TABLE traffic_samples_1h_by_id RENAME TO traffic_samples_1h;
CREATE INDEX idx_traffic_samples_1h_ts ON traffic_samples_1h (ts_hour);
