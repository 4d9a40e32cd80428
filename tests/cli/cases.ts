/** Where the cases of the golden suite are. */
export const CASES: string = new URL("cases", import.meta.url).pathname;

/** Their names: `<folder>/<name>.txt`, sorted. */
export function caseFiles(): string[] {
  return [...Deno.readDirSync(CASES)]
    .flatMap((folder) =>
      [...Deno.readDirSync(`${CASES}/${folder.name}`)].map((file) => `${folder.name}/${file.name}`)
    )
    .sort();
}
