/** Line icons on a 24×24 grid, drawn in the colour of the text. */
const PATHS = {
  dashboard: "M4 4h7v9H4zM13 4h7v5h-7zM13 11h7v9h-7zM4 15h7v5H4z",
  rules: "M4 7h11l-3-3M20 17H9l3 3M4 17h1M19 7h1",
  clients: "M4 5h16v6H4zM4 13h16v6H4zM8 8h.01M8 16h.01",
  users:
    "M9 11a3.5 3.5 0 1 0 0-7a3.5 3.5 0 1 0 0 7M3 20c0-4 2.5-6 6-6s6 2 6 6M16 4.5a3.5 3.5 0 0 1 0 6.5M17.5 14.3c2.3.7 3.5 2.6 3.5 5.7",
  audit: "M6 3h9l4 4v14H6zM14 3v5h5M9 12h6M9 16h6",
  metrics: "M4 20V4M4 20h16M8 16l4-5 3 3 5-7",
  topology: "M3 4h6v5H3zM15 4h6v5h-6zM15 15h6v5h-6zM9 6.5h6M9 6.5c4 0 2 11 6 11",
  publish: "M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18M3 12h18M12 3c5 5 5 13 0 18c-5-5-5-13 0-18",
  settings: "M4 7h9M17 7h3M4 17h3M11 17h9M15 4v6M9 14v6",
  sidebar: "M4 5h16v14H4zM10 5v14",
  close: "M6 6l12 12M18 6L6 18",
  search: "M10.5 4a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13M15.5 15.5L20 20",
  plus: "M12 5v14M5 12h14",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
} as const;

export type IconName = keyof typeof PATHS;

/** A decoration; what it stands next to, or an `aria-label`, says the same. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
