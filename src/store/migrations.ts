/**
 * The schema's history. Up to version 13, names and checksums are those of 3.1.0: a checksum there
 * covers the text of that implementation's migration, so it cannot be computed from ours and is a
 * constant. Later steps are ours.
 *
 * @module
 */

import v1 from "../../migrations/0001_initial_schema.sql" with { type: "text" };
import v2 from "../../migrations/0002_add_sni_pattern.sql" with { type: "text" };
import v3 from "../../migrations/0003_add_rule_target_proxy_protocol.sql" with { type: "text" };
import v4 from "../../migrations/0004_add_rule_runtime_columns.sql" with { type: "text" };
import v5 from "../../migrations/0005_add_rate_limit_columns.sql" with { type: "text" };
import v6 from "../../migrations/0006_add_local_password_auth.sql" with { type: "text" };
import v7 from "../../migrations/0007_add_client_address.sql" with { type: "text" };
import v8 from "../../migrations/0008_add_traffic_quotas.sql" with { type: "text" };
import v9 from "../../migrations/0009_add_client_enrollments.sql" with { type: "text" };
import v10 from "../../migrations/0010_add_server_settings.sql" with { type: "text" };
import v11 from "../../migrations/0011_client_id.sql" with { type: "text" };
import v12 from "../../migrations/0012_client_id_pk_flip.sql" with { type: "text" };
import v13 from "../../migrations/0013_drop_user_credentials.sql" with { type: "text" };
import v14 from "../../migrations/0014_add_traffic_baselines.sql" with { type: "text" };
import v15 from "../../migrations/0015_add_publishing.sql" with { type: "text" };

/** One step of the schema. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  /** Unsigned 64-bit decimal, as the bookkeeping table keeps it. */
  readonly checksum: string;
  readonly sql: string;
}

/** Every step, ascending and without gaps. */
export const MIGRATIONS: readonly Migration[] = [
  { version: 1, name: "initial_schema", checksum: "11786654195912023555", sql: v1 },
  { version: 2, name: "add_sni_pattern", checksum: "14295363073089660763", sql: v2 },
  { version: 3, name: "add_rule_target_proxy_protocol", checksum: "10596647371835763543", sql: v3 },
  { version: 4, name: "add_rule_runtime_columns", checksum: "7182284173723398134", sql: v4 },
  { version: 5, name: "add_rate_limit_columns", checksum: "3895287111093501813", sql: v5 },
  { version: 6, name: "add_local_password_auth", checksum: "267170786582072606", sql: v6 },
  { version: 7, name: "add_client_address", checksum: "12864424520539329371", sql: v7 },
  { version: 8, name: "add_traffic_quotas", checksum: "15064009030606639950", sql: v8 },
  { version: 9, name: "add_client_enrollments", checksum: "10336534234183175109", sql: v9 },
  { version: 10, name: "add_server_settings", checksum: "17397128640423336594", sql: v10 },
  { version: 11, name: "client_id", checksum: "1050313244672977380", sql: v11 },
  { version: 12, name: "client_id_pk_flip", checksum: "3686632511975113415", sql: v12 },
  { version: 13, name: "drop_user_credentials", checksum: "3745023148308894710", sql: v13 },
  { version: 14, name: "add_traffic_baselines", checksum: "2585115502341150838", sql: v14 },
  { version: 15, name: "add_publishing", checksum: "9241569833688552591", sql: v15 },
];

/** The schema this program works with. */
export const SCHEMA_VERSION = MIGRATIONS.length;
