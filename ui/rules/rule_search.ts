import type { Rule } from "../api/types.ts";

/** What is searched; a rule from the API has it. */
export type SearchedRule = Pick<
  Rule,
  | "id"
  | "client_name"
  | "listen_port"
  | "listen_port_end"
  | "owner_user_id"
  | "sni_pattern"
  | "targets"
>;

/**
 * Whether a rule has every word of `text`. A number is a listen or target port (also inside a
 * range), `#n` an id, anything else a part of client, host, server name or owner.
 */
export function matchesRule(rule: SearchedRule, text: string): boolean {
  return text.toLowerCase().split(/\s+/).every((word) => word === "" || hasWord(rule, word));
}

function hasWord(rule: SearchedRule, word: string): boolean {
  if (/^#\d+$/.test(word)) return rule.id === Number(word.slice(1));
  const isText = [rule.client_name, rule.sni_pattern, rule.owner_user_id]
    .concat(rule.targets.map((it) => it.host))
    .some((it) => it?.toLowerCase().includes(word) ?? false);
  if (isText || !/^\d+$/.test(word)) return isText;
  const port = Number(word);
  const end = rule.listen_port_end ?? rule.listen_port;
  return (rule.listen_port <= port && port <= end) || rule.targets.some((it) => it.port === port);
}
