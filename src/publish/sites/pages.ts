/**
 * Pages that visitors of a site see before its owner has any.
 *
 * @module
 */

const page = (title: string, text: string): string =>
  `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>
  body { display: grid; place-content: center; min-height: 90vh; margin: 1rem; text-align: center }
  body { font-family: system-ui, sans-serif; color-scheme: light dark }
</style>
<h1>${title}</h1>
<p>${text}</p>
</html>
`;

/** What a new site begins with. */
export const DEFAULT_PAGE = page("It works", "This site has no pages of its own yet.");

/** The answer to paths that a site without a `404.html` does not have. */
export const NOT_FOUND_PAGE = page("Not found", "There is no such page here.");
