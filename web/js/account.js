/** What the page shows of signing in: the way in for visitors, and who is signed in for all others. */

import { announce, byId, el } from "./dom.js";
import { signInBeside } from "./second_window.js";
import { begin, end, person } from "./sign_in.js";
import { text } from "./texts.js";

/**
 * Show the way in instead of the views.
 * @param {{failed?: boolean}} options `failed`: a sign-in has just come to nothing.
 */
export function showWelcome({ failed = false } = {}) {
  insteadOfTheViews(text.signIn.title, text.signIn.lede,
    failed ? el("p", { class: "field-error", role: "alert" }, text.signIn.failed) : null,
    el("div", { class: "buttons" }, signInButton()));
}

/** Say that the window where the work goes on has, or will have, the session: this one was for that alone. */
export function showSecond() {
  insteadOfTheViews(text.signIn.second, text.signIn.secondHelp);
}

/** Say that whoever is signed in is in no group yet. */
export function showNoGroup() {
  insteadOfTheViews(text.signIn.noGroup, text.signIn.noGroupHelp);
}

/**
 * @param {string} title
 * @param {string} lede
 * @param {...(Node|null)} more
 */
function insteadOfTheViews(title, lede, ...more) {
  byId("views").hidden = true;
  for (const section of document.querySelectorAll("[data-view]")) /** @type {HTMLElement} */ (section).hidden = true;
  const place = byId("welcome");
  place.replaceChildren(el("div", { class: "card welcome" },
    el("h1", { tabindex: "-1" }, title), el("p", { class: "lede" }, lede), ...more));
  place.hidden = false;
}

/** The person's name and group in the bar, and the way out. */
export function showPerson() {
  const who = person();
  const place = byId("account");
  place.hidden = !who;
  if (!who) return;
  const out = el("button", { class: "quiet small", type: "button" }, text.signIn.out);
  out.addEventListener("click", () => end());
  const groups = who.groups.map((group) => text.signIn.groups[/** @type {"agent"} */ (group)] ?? group).join(", ");
  place.replaceChildren(
    el("span", { class: "who" }, el("span", { class: "who-name" }, who.name),
      groups ? el("span", { class: "who-group" }, groups) : null),
    out);
}

/** A button that leads to the managed login, and from there back to this view. */
function signInButton() {
  const button = el("button", { class: "primary", type: "button" }, text.signIn.button);
  button.addEventListener("click", () => begin());
  return button;
}

/**
 * A button for a session that has ended during work.
 * @param {() => void} then What to go on with.
 * @param {string} look
 */
export function signInAgainButton(then, look = "primary") {
  const button = el("button", { class: look, type: "button" }, text.signIn.again);
  button.addEventListener("click", () => signInAgain(then));
  return button;
}

/**
 * Sign in beside what this window holds, and go on with it. To be called by a click.
 * @param {() => void} then
 */
export function signInAgain(then) {
  // Another view may have got the session back.
  if (person()) return then();
  const goOn = () => {
    showPerson();
    then();
  };
  if (!signInBeside(goOn)) announce(text.signIn.blocked, { seen: true });
}
