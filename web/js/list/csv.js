/** CSV as spreadsheets write it: any of three delimiters, quotes, any line ends, UTF-8, UTF-16 or Windows-1252. */

/** A file that cannot be read; `problem` names the sentence in the texts that says so. */
export class CsvError extends Error {
  /**
   * @param {"empty"|"large"|"binary"|"quotes"|"missing"|"twice"} problem
   * @param {any} [fact] What the sentence is about: a line, or names of columns.
   */
  constructor(problem, fact) {
    super(problem);
    this.problem = problem;
    this.fact = fact;
  }
}

const DELIMITERS = [",", ";", "\t"];
const QUOTE = '"';

/**
 * The text of a file. What is no UTF-8 is taken for Windows-1252, which older spreadsheets save.
 * @param {Uint8Array} bytes
 */
export function decode(bytes) {
  const [a, b] = bytes;
  const wide = a === 0xff && b === 0xfe ? "utf-16le" : a === 0xfe && b === 0xff ? "utf-16be" : "";
  if (wide) return new TextDecoder(wide).decode(bytes);
  // A workbook, a picture, an archive: no text has a zero in it.
  if (bytes.subarray(0, 4096).includes(0)) throw new CsvError("binary");
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

/**
 * The delimiter: the one that is most often in the first line, outside quotation marks.
 * @param {string} text
 */
export function delimiterOf(text) {
  const counts = new Map(DELIMITERS.map((one) => [one, 0]));
  let quoted = false;
  for (const character of text) {
    if (character === QUOTE) quoted = !quoted;
    else if (!quoted && (character === "\n" || character === "\r")) break;
    else if (!quoted && counts.has(character)) counts.set(character, (counts.get(character) ?? 0) + 1);
  }
  return DELIMITERS.reduce((best, one) => ((counts.get(one) ?? 0) > (counts.get(best) ?? 0) ? one : best));
}

/**
 * The rows of a text, with the line where each begins; lines without any text are left out.
 * @param {string} text
 * @param {string} delimiter
 * @returns {Generator<{line: number, cells: string[]}>}
 */
export function* rowsOf(text, delimiter) {
  let at = 0;
  let line = 1;
  while (at < text.length) {
    const began = line;
    /** @type {string[]} */
    const cells = [];
    let more = true;
    while (more) {
      let cell;
      if (text[at] === QUOTE) ({ cell, at, line } = quoted(text, at, line));
      else cell = "";
      // What stands after a closing mark belongs to the cell, as spreadsheets read it.
      const end = endOfPlain(text, at, delimiter);
      cells.push(cell + text.slice(at, end));
      at = end;
      more = text[at] === delimiter;
      if (more) at += 1;
    }
    if (text[at] === "\r" && text[at + 1] === "\n") at += 2;
    else at += 1;
    line += 1;
    if (cells.some((cell) => cell.trim())) yield { line: began, cells };
  }
}

/**
 * A cell in quotation marks, of which two stand for one.
 * @param {string} text
 * @param {number} from
 * @param {number} line
 */
function quoted(text, from, line) {
  const parts = [];
  let at = from + 1;
  let inside = line;
  for (;;) {
    const end = text.indexOf(QUOTE, at);
    if (end < 0) throw new CsvError("quotes", line);
    parts.push(text.slice(at, end));
    at = end + 1;
    if (text[at] !== QUOTE) break;
    parts.push(QUOTE);
    at += 1;
  }
  const cell = parts.join("");
  for (const _ of cell.matchAll(/\r\n|\r|\n/g)) inside += 1;
  return { cell, at, line: inside };
}

/**
 * @param {string} text
 * @param {number} from
 * @param {string} delimiter
 */
function endOfPlain(text, from, delimiter) {
  let at = from;
  while (at < text.length) {
    const character = text[at];
    if (character === delimiter || character === "\n" || character === "\r") break;
    at += 1;
  }
  return at;
}

/**
 * A text as a cell. One that a spreadsheet would take for a formula gets an apostrophe before it, which makes it a
 * text there; a plain negative number is none.
 * @param {unknown} value
 * @param {string} delimiter
 */
export function cellOf(value, delimiter) {
  let cell = String(value ?? "");
  if (/^[\t\r ]*[=+\-@\uff1d\uff0b\uff0d\uff20]/.test(cell) && !/^[+-]?[\d.,]+$/.test(cell) || /^[\t\r\n]/.test(cell)) {
    cell = `'${cell}`;
  }
  return cell.includes(delimiter) || /["\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/**
 * Rows as a text that spreadsheets open: a byte order mark tells them that it is UTF-8.
 * @param {Iterable<unknown[]>} rows
 * @param {string} delimiter
 */
export function written(rows, delimiter) {
  const lines = [];
  for (const row of rows) lines.push(row.map((value) => cellOf(value, delimiter)).join(delimiter));
  return `\ufeff${lines.join("\r\n")}\r\n`;
}
