ALTER TABLE rule_targets ADD COLUMN proxy_protocol TEXT CHECK (proxy_protocol IN ('v1', 'v2'));
