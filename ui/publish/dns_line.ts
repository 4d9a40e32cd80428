/** A line of a zone file (RFC 1035 §5.1). */
export function dnsLine(name: string, pointsTo: string): string {
  if (/^[\d.]+$/.test(pointsTo)) return `${name}. A ${pointsTo}`;
  if (pointsTo.includes(":")) return `${name}. AAAA ${pointsTo.replaceAll(/[[\]]/g, "")}`;
  return `${name}. CNAME ${pointsTo}.`;
}
