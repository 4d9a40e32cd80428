export interface TileProps {
  readonly label: string;
  readonly value: string;
  /** The list that the number counts. */
  readonly href?: string;
}

/** One number. */
export function Tile({ label, value, href }: TileProps) {
  const content = [<span key="label" class="muted">{label}</span>, <b key="value">{value}</b>];
  return href === undefined
    ? <div class="tile">{content}</div>
    : <a class="tile" href={href}>{content}</a>;
}
