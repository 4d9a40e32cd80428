-- How far the counters that clients report for a rule have been counted. A restarted server goes
-- on from here, so that it neither loses traffic nor counts it twice. It goes with its rule, whose
-- id may be given to another one later.

CREATE TABLE traffic_baselines (
  rule_id INTEGER NOT NULL PRIMARY KEY REFERENCES rules (id) ON DELETE CASCADE,
  bytes_in INTEGER NOT NULL CHECK (bytes_in >= 0),
  bytes_out INTEGER NOT NULL CHECK (bytes_out >= 0)
) STRICT;
