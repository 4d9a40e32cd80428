/** Something that takes input from outside. */
export interface FuzzTarget {
  readonly name: string;
  /**
   * Handles one input. Throws only when something is wrong: the code threw what it does not
   * document, or gave an answer that cannot be.
   */
  run(input: Uint8Array): void;
}

const text = new TextDecoder();

/** Input as text, whatever the bytes are. */
export function asText(input: Uint8Array): string {
  return text.decode(input);
}

/** What `parse` gives, or `null` when it refuses the input with one of its documented errors. */
export function orRefused<T>(
  parse: () => T,
  // deno-lint-ignore no-explicit-any -- any class of errors, whatever it is made of
  ...documented: readonly (abstract new (...args: any[]) => Error)[]
): T | null {
  try {
    return parse();
  } catch (error) {
    if (documented.some((type) => error instanceof type)) return null;
    throw error;
  }
}
