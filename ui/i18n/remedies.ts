/**
 * What to do about an error, by its code.
 *
 * @module
 */

import type { Language } from "../app/preferences.ts";
import type { ErrorCode } from "../../src/core/errors.ts";

/** Codes that only this console has. */
type LocalCode = "unreachable" | "timed_out";

type Remedy = Readonly<Record<Language, string>>;

const remedy = (en: string, zh: string): Remedy => ({ "en": en, "zh-CN": zh });

const UPGRADE_CLIENT = remedy(
  "Upgrade portunus-client on that machine.",
  "请在该机器上升级 portunus-client。",
);
const ASK_FOR_ACCESS = remedy(
  "Ask an administrator for access to this client, these ports and this protocol.",
  "请向管理员申请此客户端、这些端口和此协议的权限。",
);
const SERVER_LOG = remedy(
  "Try again; if it stays, the server's log says why.",
  "请重试；如仍失败，服务器日志中有原因。",
);
const PUBLIC_ORIGIN = remedy(
  "Behind a reverse proxy, set operator_http_public_origin to the address in your browser.",
  "使用反向代理时，请将 operator_http_public_origin 设为浏览器中的地址。",
);
const ACCOUNTS_DATABASE = remedy(
  "The database of accounts does not answer. Pages and signing in go on when it does; forwarding is not affected.",
  "账户数据库没有响应，恢复后页面和登录即可继续使用；转发不受影响。",
);
const RELOAD_LIST = remedy(
  "It may just have been removed. Go back to the list.",
  "它可能刚刚被删除，请返回列表。",
);

/** The one table. A code that explains itself has no row. */
export const REMEDIES = {
  unreachable: remedy(
    "Check the network, the tunnel and the server. This page goes on by itself.",
    "请检查网络、隧道和服务器。恢复后此页面会自动继续。",
  ),
  timed_out: remedy(
    "The server is there, but too slow. Try again in a moment.",
    "服务器可达但过慢，请稍后重试。",
  ),
  invalid_login: remedy(
    "Check the user ID and the password; both are case-sensitive.",
    "请检查用户 ID 和密码，两者都区分大小写。",
  ),
  totp_invalid: remedy(
    "Wait for the next code: each counts once. If it stays, set the clock of your device.",
    "请等待下一个验证码：每个验证码只能使用一次。如仍失败，请校准设备时间。",
  ),
  invitation_not_found: remedy(
    "Open the whole link again. It may have been revoked: ask for another one.",
    "请重新打开完整链接。邀请可能已被撤销，请索取新的邀请。",
  ),
  invitation_used: remedy("Sign in with your account.", "请使用您的账户登录。"),
  invitation_expired: remedy("Ask for another one.", "请索取新的邀请。"),
  host_not_allowed: remedy(
    "Ask an administrator for access, or sign in with another account.",
    "请向管理员申请访问权限，或使用其他账户登录。",
  ),
  redirect_invalid: remedy(
    "Open the page that you came for again.",
    "请重新打开您要访问的页面。",
  ),
  rate_limited: remedy("Wait a minute, then try again.", "请等待一分钟后重试。"),
  user_disabled: remedy("Ask an administrator to enable the account.", "请联系管理员启用账户。"),
  setup_token_invalid: remedy(
    "Copy the token again from the server's output or its setup-token file.",
    "请从服务器输出或 setup-token 文件重新复制令牌。",
  ),
  already_bootstrapped: remedy("There is an administrator: sign in.", "已有管理员，请登录。"),
  bootstrap_required: remedy("Create the first administrator.", "请创建首个管理员。"),
  password_change_required: remedy("Change your password first.", "请先修改密码。"),
  csrf_origin_mismatch: PUBLIC_ORIGIN,
  csrf_origin_required: PUBLIC_ORIGIN,
  role_required: remedy("Ask an administrator to do this.", "请由管理员执行此操作。"),
  not_owner: remedy("Only its owner or an administrator may.", "仅所有者或管理员可以操作。"),
  client_not_granted: ASK_FOR_ACCESS,
  port_outside_grant: ASK_FOR_ACCESS,
  protocol_not_granted: ASK_FOR_ACCESS,
  client_not_connected: remedy(
    "Start portunus-client on that machine, and wait until the client shows as connected.",
    "请在该机器上启动 portunus-client，并等待客户端显示为已连接。",
  ),
  ack_timeout: remedy(
    "The client did not answer in time. Look at its state, then try again.",
    "客户端未及时响应。请查看其状态后重试。",
  ),
  activation_failed: remedy(
    "The client could not listen: another program may have the port, or it is a privileged one.",
    "客户端无法监听：端口可能被其他程序占用，或属于特权端口。",
  ),
  port_in_use: remedy("Choose another port, or remove that rule.", "请换一个端口或删除该规则。"),
  "conflict.sni_route_duplicate": remedy(
    "Change that rule, or choose another host name.",
    "请修改该规则或使用其他主机名。",
  ),
  "conflict.sni_fallback_duplicate": remedy(
    "The port has a rule without SNI: give this one a host name.",
    "该端口已有不带 SNI 的规则，请填写主机名。",
  ),
  "conflict.legacy_to_sni_unsupported": remedy(
    "Remove the rule without SNI first, then push both again.",
    "请先删除不带 SNI 的规则，再重新添加两条规则。",
  ),
  client_already_exists: remedy("Choose another name.", "请使用其他名称。"),
  user_already_exists: remedy("Choose another user ID.", "请使用其他用户 ID。"),
  access_needs_private_upstream: remedy(
    "Choose a client on a private network, or let everybody in.",
    "请选择私有网络中的客户端，或对所有人开放。",
  ),
  certificate_failed: remedy(
    "Check that the name leads to this server and that port 80 is open to it, then try again.",
    "请检查名称是否指向此服务器且 80 端口已开放，然后重试。",
  ),
  dns_mismatch: remedy(
    "Correct the DNS record; a change may take an hour to be seen.",
    "请修正 DNS 记录；更改可能需要一小时才能生效。",
  ),
  domain_not_set: remedy(
    "Give a full name, or set the domain under Publish, Set-up.",
    "请填写完整名称，或在“发布 → 设置”中设置域名。",
  ),
  file_too_large: remedy(
    "The server's max_file_size says how much.",
    "上限见服务器的 max_file_size。",
  ),
  host_in_use: remedy("Choose another name.", "请使用其他名称。"),
  host_limit_reached: remedy(
    "Remove a name that is not needed, or raise max_hosts.",
    "请删除不需要的名称，或提高 max_hosts。",
  ),
  host_reserved: remedy("Choose another name.", "请使用其他名称。"),
  listen_port_unavailable: remedy(
    "Name a port, or ask an administrator for more ports on this client.",
    "请指定端口，或向管理员申请此客户端的更多端口。",
  ),
  publish_in_use: remedy("Remove the host names and sites first.", "请先删除主机名和站点。"),
  publish_not_ready: remedy(
    "An administrator finishes the set-up first, under Publish, Set-up.",
    "请先由管理员在“发布 → 设置”中完成设置。",
  ),
  site_too_large: remedy(
    "Delete what is not needed; the server's max_site_size says how much there may be.",
    "请删除不需要的文件；上限见服务器的 max_site_size。",
  ),
  client_not_revoked: remedy("Revoke the client first.", "请先吊销客户端。"),
  last_superadmin: remedy("Make somebody else superadmin first.", "请先指定另一位超级管理员。"),
  cannot_remove_self: remedy("Another administrator can.", "请由其他管理员操作。"),
  cannot_restrict_self: remedy("Another administrator can.", "请由其他管理员操作。"),
  rule_not_found: RELOAD_LIST,
  client_not_found: RELOAD_LIST,
  user_not_found: RELOAD_LIST,
  multi_target_unsupported_by_client: UPGRADE_CLIENT,
  proxy_protocol_unsupported_by_client: UPGRADE_CLIENT,
  quota_unsupported_by_client: UPGRADE_CLIENT,
  rate_limit_unsupported_by_client: UPGRADE_CLIENT,
  sni_unsupported_by_client: UPGRADE_CLIENT,
  endpoint_not_in_cert_san: remedy(
    "Clients would refuse the certificate: use a name or an address that is in it.",
    "客户端会拒绝该证书：请使用证书中包含的名称或地址。",
  ),
  traffic_bucket_out_of_retention: remedy("Choose wider steps.", "请选择更大的时间粒度。"),
  identity_backend_timeout: ACCOUNTS_DATABASE,
  identity_backend_unavailable: ACCOUNTS_DATABASE,
  internal: SERVER_LOG,
  internal_error: SERVER_LOG,
  io_error: SERVER_LOG,
  store_error: SERVER_LOG,
} as const satisfies Partial<Record<ErrorCode | LocalCode, Remedy>>;

/** What a status says where its code says nothing: a proxy's answer, or a newer server's. */
function byStatus(status: number): Remedy | null {
  return status >= 500 ? SERVER_LOG : status === 429 ? REMEDIES.rate_limited : null;
}

/** What to do about a refusal, in `language`; `null` where its message is all there is to say. */
export function remedyFor(
  { code, status }: { readonly code: string; readonly status: number },
  language: Language,
): string | null {
  const known = Object.hasOwn(REMEDIES, code)
    ? REMEDIES[code as keyof typeof REMEDIES]
    : byStatus(status);
  return known?.[language] ?? null;
}
