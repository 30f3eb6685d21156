/** The form: built from the schema, checked against it, and careful with what was typed. */

import { text } from "../texts.js";
import { byId, el } from "../dom.js";
import { Field } from "./field.js";
import { check, parse } from "./validate.js";

/**
 * @typedef {import("./validate.js").Attribute} Attribute
 * @typedef {import("./validate.js").Problem} Problem
 * @typedef {Record<string, string>} Entered What the fields hold, as text by name.
 */

let pressed = false;
for (const [type, now] of /** @type {[string, boolean][]} */ (
  [["pointerdown", true], ["pointerup", false], ["pointercancel", false]])) {
  document.addEventListener(type, () => { pressed = now; }, { capture: true });
}

/**
 * Run now, or after the click that is under way: a message that appears between press and release
 * would push the button away from under the finger, and the click would be lost.
 * @param {() => void} action
 */
function onceReleased(action) {
  if (!pressed) return action();
  const later = () => setTimeout(action);
  document.addEventListener("pointerup", later, { once: true });
}

export class CustomerForm {
  /**
   * @param {Iterable<Attribute>} inputs
   * @param {{id: string, label: string}[]} groups
   * @param {() => void} onEdit Called when a value changes.
   */
  constructor(inputs, groups, onEdit) {
    this.summary = byId("summary");
    /** @type {Map<string, Field>} */
    this.fields = new Map([...inputs].map((attribute) => [attribute.name, new Field(attribute)]));
    for (const group of groups) {
      const members = [...this.fields.values()].filter((field) => field.attribute.group === group.id);
      if (!members.length) continue;
      const grid = el("div", { class: "grid" }, ...members.map(({ node }) => node));
      byId("groups").append(el("fieldset", {}, el("legend", {}, group.label), grid));
    }
    for (const field of this.fields.values()) {
      for (const control of field.controls) {
        control.addEventListener("input", () => {
          // An error goes away as soon as it is mended, and appears only when the field is left.
          if (field.isWrong && !check(field.attribute, field.value)) field.showError("");
          onEdit();
        });
        control.addEventListener("change", () => {
          onceReleased(() => {
            if (field.value) this.#mark(field, check(field.attribute, field.value));
          });
        });
      }
    }
  }

  /** @returns {Entered} */
  get entered() {
    return Object.fromEntries([...this.fields].map(([name, field]) => [name, field.value]));
  }

  set entered(values) {
    for (const [name, field] of this.fields) field.value = values[name] ?? "";
    this.clearErrors();
  }

  /** Fill the form with a customer; fields that it lacks become empty. */
  show(/** @type {Record<string, unknown>} */ customer) {
    for (const [name, field] of this.fields) field.show(customer[name]);
    this.clearErrors();
  }

  get isEmpty() {
    return Object.values(this.entered).every((value) => !value);
  }

  /** @returns {Problem[]} */
  validate() {
    return [...this.fields.values()].flatMap((field) => check(field.attribute, field.value) ?? []);
  }

  /** The customer as the API wants it; the form must be valid. */
  get customer() {
    return Object.fromEntries([...this.fields].map(
      ([name, field]) => [name, parse(field.attribute, field.value)]));
  }

  /**
   * Show problems beside their fields and together above the form, and lead there.
   * @param {Problem[]} problems
   */
  showErrors(problems) {
    this.clearErrors();
    const items = problems.map((problem) => {
      const field = this.fields.get(problem.field);
      if (!field) return el("li", {}, text.sentence(problem.field, problem.rule));
      this.#mark(field, problem);
      const link = el("a", { href: `#${field.target}` }, text.sentence(field.attribute.label, problem.rule));
      link.addEventListener("click", (event) => {
        event.preventDefault();
        field.focus();
      });
      return el("li", {}, link);
    });
    this.summary.replaceChildren(
      el("h3", {}, text.errorsTitle(problems.length)), el("ul", {}, ...items));
    this.summary.hidden = false;
    this.summary.focus();
  }

  clearErrors() {
    this.summary.hidden = true;
    this.summary.replaceChildren();
    for (const field of this.fields.values()) field.showError("");
  }

  /**
   * @param {Field} field
   * @param {Problem|null} problem
   */
  #mark(field, problem) {
    field.showError(problem ? problem.remedy : "");
  }
}
