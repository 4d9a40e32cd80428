/** A command that ends with a line on stderr and an exit status. */
export class CommandError extends Error {
  override readonly name = "CommandError";

  /** @param line all of it, `error: ` included where the contract has it */
  constructor(line: string, readonly exit: number) {
    super(line);
  }
}
