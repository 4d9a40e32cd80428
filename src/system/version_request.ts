import { VERSION } from "../core/version.ts";
import type { ProcessIo } from "./process_io.ts";

/** `portunus-server 3.2.0` */
export const versionLine = (program: string): string => `${program} ${VERSION}`;

/**
 * Answers `--version` and `-V` where they are all there is, without the parser of command lines,
 * which takes longer to load than everything else together.
 *
 * @returns whether that was asked
 */
export function printVersion(
  program: string,
  args: readonly string[],
  io: Pick<ProcessIo, "out">,
): boolean {
  const [only, ...others] = args;
  if ((only !== "--version" && only !== "-V") || others.length > 0) return false;
  io.out(versionLine(program));
  return true;
}
