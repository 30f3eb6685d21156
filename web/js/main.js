/** Starts the page: texts, schema, and the view that the address names. */

import { showNoGroup, showPerson, showSecond, showWelcome } from "./account.js";
import { Failure } from "./api.js";
import * as customer from "./customer/view.js";
import { byId, el } from "./dom.js";
import { LANGUAGES, choose, language } from "./language.js";
import { beginHere, handOver, isSecond } from "./second_window.js";
import { finish, person } from "./sign_in.js";
import { loadSite, site } from "./site.js";
import { text } from "./texts.js";

/** The other views are fetched when they are first looked at. */
const LATER = {
  list: () => import("./list/view.js"),
  model: () => import("./model/view.js"),
};
/** @type {Record<string, Promise<any>>} Views that were started. */
const started = {};

function frame() {
  document.documentElement.lang = language;
  for (const node of document.querySelectorAll("[data-text]")) {
    const words = /** @type {HTMLElement} */ (node).dataset.text ?? "";
    node.textContent = words.split(".").reduce((found, key) => /** @type {any} */ (found)[key], text);
  }
  byId("views").setAttribute("aria-label", text.views);
  const select = byId("language");
  select.setAttribute("aria-label", text.language);
  select.append(...Object.entries(LANGUAGES).map(([code, name]) =>
    el("option", { value: code, lang: code, selected: code === language }, name)));
  select.addEventListener("change", () => choose(/** @type {HTMLSelectElement} */ (select).value));
  byId("made-up").hidden = !site.madeUp;
  const tag = byId("environment");
  tag.hidden = !site.environment || site.environment === "prod";
  tag.textContent = site.environment;
  tag.title = text.environment(site.environment);
}

/** The address's view, and what follows it; anything that is no view is left alone, such as the skip link's. */
function address() {
  const [name, values = ""] = location.hash.replace(/^#\/?/, "").split("?");
  if (location.hash && !location.hash.startsWith("#/")) return null;
  return { name: name in LATER ? name : "customer", values: new URLSearchParams(values) };
}

async function route() {
  const wanted = address();
  if (!wanted) return;
  const { name, values } = wanted;
  for (const section of document.querySelectorAll("[data-view]")) {
    /** @type {HTMLElement} */ (section).hidden = /** @type {HTMLElement} */ (section).dataset.view !== name;
  }
  for (const link of document.querySelectorAll("#views a")) {
    if (link.getAttribute("href") === `#/${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${text.nav[/** @type {keyof typeof text.nav} */ (name)]} – ${text.brand}`;
  try {
    started[name] ??= begin(name);
    const view = await started[name];
    // A customer's values belong neither into the history nor into a bookmark that nobody meant.
    if (name === "customer" && values.size) history.replaceState(null, "", "#/customer");
    view?.open?.(values);
  } catch (error) {
    delete started[name];
    failed(byId(name === "customer" ? "groups" : `${name}-view`), text.failure.view, route);
    throw error;
  }
}

/** @param {string} name */
async function begin(name) {
  const module = name === "customer" ? customer : await LATER[/** @type {keyof typeof LATER} */ (name)]();
  return module.start(name === "customer" ? undefined : byId(`${name}-view`));
}

/**
 * @param {HTMLElement} place
 * @param {string[]} words
 * @param {() => void} again
 */
function failed(place, [title, help], again) {
  const button = el("button", { class: "primary", type: "button" }, text.retry);
  button.addEventListener("click", again);
  place.replaceChildren(el("div", { class: "failure", role: "alert" },
    el("p", { class: "failure-title" }, title), el("p", {}, help), button));
}

async function start() {
  try {
    await loadSite();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    frame();
    byId("welcome").hidden = false;
    return failed(byId("welcome"), text.failure.start, () => location.reload());
  }
  frame();
  if (isSecond() && !location.search) {
    showWelcome();
    return beginHere();
  }
  const finished = await finish().catch(() => false);
  const who = person();
  if (who?.mayPredict && isSecond()) {
    showSecond();
    return handOver();
  }
  showPerson();
  if (!who) return showWelcome({ failed: !finished });
  if (!who.mayPredict) return showNoGroup();
  await route();
  addEventListener("hashchange", async () => {
    await route();
    if (!address()) return;
    // Who changed the view by keyboard, or listens, is told where they are.
    document.querySelector("[data-view]:not([hidden]) h1")?.focus({ preventScroll: true });
    scrollTo(0, 0);
  });
}

start();
