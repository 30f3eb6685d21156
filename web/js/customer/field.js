/** One field of the form: its control, its help, its error, and its value as text. */

import { text } from "../texts.js";
import { el } from "../dom.js";

/** @typedef {import("./validate.js").Attribute} Attribute */

export class Field {
  /** @param {Attribute} attribute */
  constructor(attribute) {
    this.attribute = attribute;
    this.id = `field-${attribute.name}`;
    const described = [`${this.id}-range`, `${this.id}-help`, `${this.id}-error`].join(" ");
    /** @type {(HTMLInputElement|HTMLSelectElement)[]} */
    this.controls = [];
    this.error = el("p", { class: "field-error", id: `${this.id}-error`, hidden: true });
    const help = el("p", { class: "help", id: `${this.id}-help` }, attribute.help);
    if (attribute.type === "boolean") {
      this.node = this.#group(described, help);
    } else {
      const control = attribute.type === "category" ? this.#select(described) : this.#number(described);
      const label = el("label", { for: this.id }, attribute.label);
      const head = el("div", { class: "field-head" }, label, this.#range());
      this.node = el("div", { class: "field" }, head, control, help, this.error);
    }
  }

  /** The text entered; empty when nothing is. */
  get value() {
    const [first] = this.controls;
    if (first.type !== "radio") return first.value;
    return this.controls.find((radio) => /** @type {HTMLInputElement} */ (radio).checked)?.value ?? "";
  }

  /** The same for a value of the schema's type: numbers as the language writes them. */
  show(/** @type {unknown} */ value) {
    this.value = typeof value === "number" ? text.number(value) : String(value ?? "");
  }

  set value(entered) {
    for (const control of this.controls) {
      if (control.type === "radio") {
        /** @type {HTMLInputElement} */ (control).checked = control.value === entered;
      } else control.value = entered;
    }
  }

  /** Where a link to this field leads. */
  get target() {
    return this.controls[0].id;
  }

  focus() {
    this.controls[0].focus();
  }

  /** @param {string} message Empty when the field is fine. */
  showError(message) {
    this.error.textContent = message;
    this.error.hidden = !message;
    this.node.classList.toggle("wrong", Boolean(message));
    const carrier = this.attribute.type === "boolean" ? [this.node] : this.controls;
    for (const node of carrier) {
      if (message) node.setAttribute("aria-invalid", "true");
      else node.removeAttribute("aria-invalid");
    }
  }

  get isWrong() {
    return !this.error.hidden;
  }

  /** Numbers are text to the browser: `type=number` would swallow what it cannot read. */
  #number(/** @type {string} */ described) {
    const { name, type, unit } = this.attribute;
    const input = /** @type {HTMLInputElement} */ (el("input", {
      id: this.id,
      name,
      type: "text",
      inputmode: type === "integer" ? "numeric" : "decimal",
      autocomplete: "off",
      required: true,
      "aria-describedby": described,
    }));
    this.controls.push(input);
    return el("div", { class: "box" }, input, unit ? el("span", { class: "unit", "aria-hidden": "true" }, unit) : null);
  }

  #select(/** @type {string} */ described) {
    const { name, categories = [], category_labels: names = {} } = this.attribute;
    const named = categories.map((value) => ({ value, shown: text.category(value, names[value]) }));
    named.sort((one, other) => one.shown.localeCompare(other.shown));
    const select = /** @type {HTMLSelectElement} */ (el(
      "select",
      { id: this.id, name, required: true, "aria-describedby": described },
      el("option", { value: "" }, text.choose),
      ...named.map(({ value, shown }) => el("option", { value }, shown)),
    ));
    this.controls.push(select);
    return el("div", { class: "box" }, select);
  }

  #group(/** @type {string} */ described, /** @type {HTMLElement} */ help) {
    const { name, label } = this.attribute;
    const choices = [["true", text.yes], ["false", text.no]].map(([value, shown]) => {
      const id = `${this.id}-${value}`;
      const radio = /** @type {HTMLInputElement} */ (
        el("input", { type: "radio", id, name, value, required: true }));
      this.controls.push(radio);
      return el("span", { class: "choice" }, radio, el("label", { for: id }, shown));
    });
    return el(
      "div",
      { class: "field", id: this.id, role: "radiogroup", "aria-labelledby": `${this.id}-label`,
        "aria-describedby": described },
      el("div", { class: "field-head" }, el("span", { class: "label", id: `${this.id}-label` }, label)),
      el("div", { class: "choices" }, ...choices),
      help,
      this.error,
    );
  }

  #range() {
    const { minimum, maximum, unit = "" } = this.attribute;
    if (minimum === undefined || maximum === undefined) return null;
    const [low, high] = [text.number(minimum), text.number(maximum)];
    return el(
      "span",
      { class: "range", id: `${this.id}-range` },
      el("span", { "aria-hidden": "true" }, text.range(low, high)),
      el("span", { class: "unseen" }, text.rangeSpoken(low, high, unit)),
    );
  }
}
