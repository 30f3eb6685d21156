/** One control of "what if": a slider for a number, a switch for a yes or no, a list for a category. */

import { el } from "../dom.js";
import { valueText } from "../site.js";
import { text } from "../texts.js";

/**
 * @param {import("../site.js").Attribute} attribute
 * @param {any} value The customer's own.
 * @param {(value: unknown) => void} onChange
 */
export function lever(attribute, value, onChange) {
  const id = `try-${attribute.name}`;
  const control = controlOf(attribute, id, value);
  const shown = el("span", { class: "lever-value" });
  const was = el("span", { class: "lever-was" });

  const now = () => valueOf(attribute, control);
  function show() {
    const same = now() === value;
    shown.textContent = valueText(attribute, now());
    was.textContent = same ? "" : text.whatIf.was(valueText(attribute, value));
    if (control.type === "range") {
      control.setAttribute("aria-valuetext", valueText(attribute, now()));
      const { min, max } = /** @type {HTMLInputElement} */ (control);
      control.style.setProperty("--at", String((Number(control.value) - Number(min)) / (Number(max) - Number(min))));
    }
  }

  control.addEventListener("input", () => {
    show();
    onChange(now());
  });
  show();
  return {
    node: el("div", { class: `lever ${attribute.type}`, "data-lever": attribute.name },
      el("div", { class: "lever-head" }, el("label", { for: id }, attribute.label), el("span", {}, was, shown)),
      control),
    focus: () => control.focus(),
    reset() {
      set(attribute, control, value);
      show();
    },
  };
}

/**
 * @param {import("../site.js").Attribute} attribute
 * @param {string} id
 * @param {any} value
 * @returns {HTMLInputElement|HTMLSelectElement}
 */
function controlOf(attribute, id, value) {
  const { type, minimum = 0, maximum = 100, step = 1, categories = [], category_labels: names = {} } = attribute;
  let control;
  if (type === "category") {
    control = el("select", { id },
      ...categories.map((one) => el("option", { value: one }, text.category(one, names[one]))));
  } else if (type === "boolean") {
    control = el("input", { id, type: "checkbox", role: "switch" });
  } else {
    control = el("input", { id, type: "range", min: String(minimum), max: String(maximum), step: String(step) });
  }
  set(attribute, /** @type {HTMLInputElement} */ (control), value);
  return /** @type {HTMLInputElement} */ (control);
}

/**
 * @param {import("../site.js").Attribute} attribute
 * @param {HTMLInputElement|HTMLSelectElement} control
 * @param {any} value
 */
function set({ type }, control, value) {
  if (type === "boolean") /** @type {HTMLInputElement} */ (control).checked = value;
  else control.value = String(value);
}

/**
 * @param {import("../site.js").Attribute} attribute
 * @param {HTMLInputElement|HTMLSelectElement} control
 */
function valueOf({ type }, control) {
  if (type === "boolean") return /** @type {HTMLInputElement} */ (control).checked;
  return type === "category" ? control.value : Number(control.value);
}
