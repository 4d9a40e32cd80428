import type { ComponentChildren } from "preact";

export interface FrontProps {
  readonly title: string;
  readonly children: ComponentChildren;
}

/** The card of those who are not in yet. */
export function Front({ title, children }: FrontProps) {
  return (
    <main class="front">
      <div class="brand">
        <img src="/favicon.svg" alt="" width="34" height="34" />
        <span>Portunus</span>
      </div>
      <section class="card">
        <h1>{title}</h1>
        {children}
      </section>
    </main>
  );
}
