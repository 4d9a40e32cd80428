ALTER TABLE rules ADD COLUMN sni_pattern TEXT;

CREATE INDEX rules_sni_lookup ON rules (listen_port, sni_pattern) WHERE sni_pattern IS NOT NULL;
