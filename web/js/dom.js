/** Small helpers over the DOM. Text goes in as text nodes only: no markup is ever parsed. */

/**
 * Create an element.
 * @param {string} tag
 * @param {Record<string, string|boolean|undefined>} attributes `true` sets an empty attribute, `false` none
 * @param {...(Node|string|null|undefined)} children
 * @returns {HTMLElement}
 */
export function el(tag, attributes = {}, ...children) {
  return /** @type {HTMLElement} */ (fill(document.createElement(tag), attributes, children));
}

/**
 * Create an SVG element.
 * @param {string} tag
 * @param {Record<string, string|boolean|undefined>} attributes
 * @param {...(Node|string|null|undefined)} children
 * @returns {SVGElement}
 */
export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  return /** @type {SVGElement} */ (fill(node, attributes, children));
}

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const node = document.getElementById(id);
  if (!node) throw new Error(`the page has no element #${id}`);
  return node;
}

/**
 * Say what happened to those who do not see it, and if need be to those who do.
 * @param {string} message
 * @param {{seen?: boolean}} options
 */
export function announce(message, { seen = false } = {}) {
  const status = byId("status");
  status.textContent = message;
  status.classList.toggle("seen", seen);
  clearTimeout(hiding);
  if (seen) hiding = setTimeout(() => status.classList.remove("seen"), 5000);
}

/** @type {ReturnType<typeof setTimeout>|undefined} */
let hiding;

/**
 * @param {Element} node
 * @param {Record<string, string|boolean|undefined>} attributes
 * @param {(Node|string|null|undefined)[]} children
 */
function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== undefined) node.setAttribute(name, value);
  }
  for (const child of children) if (child !== null && child !== undefined) node.append(child);
  return node;
}
