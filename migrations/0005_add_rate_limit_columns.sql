ALTER TABLE rules ADD COLUMN rl_bandwidth_in_bps INTEGER CHECK (rl_bandwidth_in_bps > 0);
ALTER TABLE rules ADD COLUMN rl_bandwidth_out_bps INTEGER CHECK (rl_bandwidth_out_bps > 0);
ALTER TABLE rules ADD COLUMN rl_new_connections_per_sec INTEGER
  CHECK (rl_new_connections_per_sec > 0);
ALTER TABLE rules ADD COLUMN rl_concurrent_connections INTEGER
  CHECK (rl_concurrent_connections > 0);
ALTER TABLE rules ADD COLUMN rl_bandwidth_in_burst INTEGER CHECK (rl_bandwidth_in_burst > 0);
ALTER TABLE rules ADD COLUMN rl_bandwidth_out_burst INTEGER CHECK (rl_bandwidth_out_burst > 0);
ALTER TABLE rules ADD COLUMN rl_new_connections_burst INTEGER
  CHECK (rl_new_connections_burst > 0);

CREATE TABLE rate_limit_owner (
  client_name TEXT NOT NULL,
  owner_id TEXT NOT NULL,
  rl_bandwidth_in_bps INTEGER CHECK (rl_bandwidth_in_bps > 0),
  rl_bandwidth_out_bps INTEGER CHECK (rl_bandwidth_out_bps > 0),
  rl_new_connections_per_sec INTEGER CHECK (rl_new_connections_per_sec > 0),
  rl_concurrent_connections INTEGER CHECK (rl_concurrent_connections > 0),
  rl_bandwidth_in_burst INTEGER CHECK (rl_bandwidth_in_burst > 0),
  rl_bandwidth_out_burst INTEGER CHECK (rl_bandwidth_out_burst > 0),
  rl_new_connections_burst INTEGER CHECK (rl_new_connections_burst > 0),
  updated_at_unix_ms INTEGER NOT NULL,
  PRIMARY KEY (client_name, owner_id)
);
