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

/** @returns {Record<string, string>|null} */
export function loadDraft() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "null");
  } catch {
    return null;
  }
}
