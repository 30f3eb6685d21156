/**
 * What was typed outlives a reload of this tab. Session storage is this tab's alone and ends with
 * it: a customer's values stay nowhere longer.
 */

const KEY = "customer-draft";

/** @param {Record<string, string>} entered */
export function saveDraft(entered) {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(entered));
  } catch {
    // Storage may be off or full: the form works without it.
  }
}

/**
 * A customer as the part of an address that stays in the browser: what follows the # is sent to no server.
 * @param {Record<string, unknown>} customer
 */
export function linkTo(customer) {
  return `#/customer?${new URLSearchParams(Object.entries(customer).map(([name, value]) => [name, String(value)]))}`;
}

/** @returns {Record<string, string>|null} */
export function loadDraft() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "null");
  } catch {
    return null;
  }
}
