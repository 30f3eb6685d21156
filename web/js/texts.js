/** Every word the page says, in its language: a file each in ../text/, which all have the same keys. */

import { language } from "./language.js";

/** @type {{text: typeof import("../text/en.js").text}} */
export const { text } = await import(`../text/${language}.js`);
