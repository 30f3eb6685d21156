/** The language of the page: what was chosen here before, else what the browser prefers, else English. */

export const LANGUAGES = { en: "English", es: "Español", pl: "Polski" };
const KEY = "language";

/** @returns {readonly string[]} */
const preferred = () => globalThis.navigator?.languages ?? [];

/** @param {readonly string[]} tags */
const firstKnown = (tags) => tags.map((tag) => tag.split("-")[0]).find((tag) => Object.hasOwn(LANGUAGES, tag));

function chosen() {
  try {
    return globalThis.document ? localStorage.getItem(KEY) : null;
  } catch {
    return null; // storage may be off
  }
}

/** @type {string} */
export const language = firstKnown([chosen() ?? "", ...preferred()]) ?? "en";

/** The browser's own variant of the language writes the numbers: en-GB, es-MX. */
export const locale = preferred().find((tag) => tag.split("-")[0] === language) ?? language;

/**
 * Speak another language from now on: the page starts anew in it.
 * @param {string} other
 */
export function choose(other) {
  try {
    localStorage.setItem(KEY, other);
  } catch {
    // The choice holds for as long as the browser prefers it.
  }
  location.reload();
}
