/** The view of the model: what its run's report says, for people who have to trust it. */

import { signInAgainButton } from "../account.js";
import { Failure, ask } from "../api.js";
import { el } from "../dom.js";
import { person } from "../sign_in.js";
import { site } from "../site.js";
import { text } from "../texts.js";
import { bias } from "./bias.js";
import { driftReport, liveQuality, missingParts, versionList } from "./history.js";
import { money } from "./money.js";
import { calibration, quality, scores } from "./quality.js";

/** @param {HTMLElement} place */
export function start(place) {
  const lede = el("p", { class: "lede" });
  const about = el("p", { class: "fine about" });
  const body = el("div", { class: "model-body" });
  place.append(el("div", { class: "intro" }, el("h1", { tabindex: "-1" }, text.model.title), lede, about), body);

  async function fetchAndShow() {
    body.replaceChildren(el("p", { class: "card soft", role: "status" }, text.model.loading));
    try {
      if (!person()?.mayReadReport) return await showOwnFigures(notYours());
      show(await ask(`${site.api}/model/report`));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      await fallBack(error);
    }
  }

  /** @param {any} report */
  function show({ version, trained_at: trained, test, bias: groups, drift, live_quality: live, versions, missing }) {
    about.textContent = version && trained ? text.model.about(version, text.when(trained)) : "";
    const since = versions.find((/** @type {any} */ one) => one.in_service)?.live_since;
    if (since) about.textContent += `, ${text.model.versions.liveSince(text.when(since))}`;
    lede.textContent = test ? text.model.lede(test.customers) : "";
    const lost = (/** @type {string} */ part, /** @type {string|null} */ of) =>
      missing.some((/** @type {any} */ one) => one.part === part && one.version === of);
    // What cannot be read is told below; to say that there is none would be wrong.
    const watched = lost("watch", null) ? [] : [driftReport(drift), liveQuality(live)];
    const measured = test ? [quality(test.metrics), ...money(test), calibration(test.calibration),
        scores(test.scores, test.threshold), ...watched, ...(lost("bias", version) ? [] : [bias(groups)])]
      : [el("section", { class: "card" },
        el("p", { class: "lead" }, text.model.none), el("p", { class: "soft" }, text.model.noneHelp)),
        ...watched];
    body.replaceChildren(...measured, versionList(versions), ...(missing.length ? [missingParts(missing)] : []));
  }

  /**
   * Where the report cannot be reached, the model itself may be.
   * @param {Failure} failure
   */
  async function fallBack(failure) {
    const again = failure.kind === "signedOut" ? signInAgainButton(fetchAndShow)
      : el("button", { class: "primary", type: "button" }, text.retry);
    if (failure.kind !== "signedOut") again.addEventListener("click", fetchAndShow);
    const kind = failure.kind === "invalid" ? "broken" : failure.kind;
    const [title, help] = kind === "cancelled" ? text.failure.broken : text.failure[kind];
    const problem = el("div", { class: "failure", role: "alert" },
      el("p", { class: "failure-title" }, title), el("p", {}, help), again);
    if (failure.kind === "signedOut") return body.replaceChildren(problem);
    try {
      await showOwnFigures(problem);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
    }
  }

  /** Who may not read the report is told why, and by whom it can be had. */
  function notYours() {
    return el("section", { class: "card" },
      el("p", { class: "lead" }, text.model.notYours), el("p", { class: "soft" }, text.model.notYoursHelp));
  }

  /**
   * What the model says of itself, below what keeps its report away.
   * @param {HTMLElement} reason
   */
  async function showOwnFigures(reason) {
    body.replaceChildren(reason);
    const { version, trained_at: trained, metrics } = await ask(`${site.api}/model`);
    about.textContent = text.model.about(version ?? "–", text.when(trained));
    lede.textContent = text.model.validation;
    body.append(quality(metrics.validation ?? {}));
  }

  fetchAndShow();
}
