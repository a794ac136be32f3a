/** Edit an item's rubric while marking: first see which marks change, then apply the change. */

/** @import {Api} from "./api.js" */
/** @import {Change, ItemView, QueueEntry, RubricStep} from "./types.js" */

import { RefusedError } from "./api.js";
import { openDialog } from "./dialogs.js";
import { counted, fill, h, shownPoints } from "./dom.js";

/**
 * @typedef {object} Row
 * @property {HTMLElement} element
 * @property {() => RubricStep} read
 */

const CHANGES_SHOWN = 12;

/**
 * Open the editor.
 * @param {object} options
 * @param {Api} options.api
 * @param {string} options.marker
 * @param {ItemView} options.item
 * @param {string} options.remark a remark that becomes a new step; may be empty
 * @param {(id: string) => QueueEntry | undefined} options.find
 * @param {(changes: readonly Change[]) => Promise<void>} options.applied
 * @param {() => void} options.closed
 */
export function openRubricEditor({ api, marker, item, remark, find, applied, closed }) {
  /** @type {Row[]} */
  let rows = [];
  const list = h("ol", { class: "edited", "aria-label": "Steps" });
  const sum = h("p", { class: "sum", "aria-live": "polite" });
  const result = h("div", { class: "result", role: "status" });
  const check = h("button", { type: "button", class: "primary", onclick: () => send(false) }, "Show which marks change");
  const apply = h("button", { type: "button", class: "primary", hidden: true, onclick: () => send(true) }, "Apply the change");

  /** @param {Partial<RubricStep>} step */
  const add = (step) => {
    const number = h("input", { type: "number", step: "0.25", value: step.points ?? "", "aria-label": "Points", oninput: edited });
    const text = h("textarea", { rows: 2, "aria-label": "What the step needs", oninput: edited });
    text.value = step.text ?? "";
    const remove = h("button", { type: "button", class: "quiet", "aria-label": "Remove this step", onclick: () => {
      rows = rows.filter((each) => each !== row);
      row.element.remove();
      edited();
      (rows.at(-1)?.element.querySelector("textarea") ?? more).focus();
    } }, "Remove");
    const isTested = (step.evidence ?? []).length > 0;
    const row = {
      element: h("li", {}, number, text, remove, isTested && h("p", { class: "hint" }, "Tests check this step, even if you edit it.")),
      read: () => ({ id: step.id ?? "", points: Number(number.value), text: text.value }),
    };
    rows.push(row);
    list.append(row.element);
    return text;
  };
  const more = h("button", { type: "button", onclick: () => { add({ points: 0.5 }).focus(); edited(); } }, "Add a step");
  const deduct = h("button", { type: "button", onclick: () => { add({ points: -0.5 }).focus(); edited(); } }, "Add a deduction");

  function edited() {
    const points = rows.map((row) => row.read().points).filter((each) => each > 0).reduce((a, b) => a + b, 0);
    const isFull = Math.abs(points - item.max_points) < 1e-9;
    fill(sum, `The steps add up to ${shownPoints(points)} of ${shownPoints(item.max_points)} points.`,
      !isFull && " Deductions do not count here.");
    sum.classList.toggle("warning", !isFull);
    apply.hidden = true;
    check.hidden = false;
    fill(result);
  }

  /** @param {boolean} isApplied */
  async function send(isApplied) {
    const steps = rows.map((row) => row.read());
    check.disabled = apply.disabled = true;
    try {
      const changes = await api.changeRubric(item.name, { marker, rubric: item.rubric, steps, apply: isApplied });
      if (isApplied) {
        await finish(changes);
      } else {
        fill(result, ...inWords(changes, find));
        check.hidden = true;
        apply.hidden = false;
        apply.disabled = false;
        apply.focus();
      }
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      fill(result, h("p", { class: "warning" }, `Nothing was changed: ${error.message}.`));
    } finally {
      check.disabled = apply.disabled = false;
    }
  }

  /**
   * Show the changed rubric; if that fails, say that the change was made nevertheless.
   * @param {readonly Change[]} changes
   */
  async function finish(changes) {
    try {
      await applied(changes);
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      const words = changes.length ? `The rubric was changed, and ${counted(changes.length, "mark")} with it` : "The rubric was changed";
      const reload = h("button", { type: "button", class: "primary", onclick: () => location.reload() }, "Reload the page");
      fill(result, h("p", { class: "warning" }, `${words}, but this page can't show it: ${error.message}.`), reload);
      apply.hidden = true;
      reload.focus();
      return;
    }
    dialog.close();
  }

  const dialog = openDialog(`Rubric of ${item.title}`, "rubric", () => [
    list,
    h("div", { class: "row" }, more, deduct, h("span", { class: "gap" }), sum),
    result,
    h("div", { class: "row finish" }, check, apply),
  ], closed);
  for (const step of item.steps) add(step);
  edited();
  if (remark) {
    add({ points: -0.5, text: remark });
    edited();
  }
  const last = rows.at(-1);
  if (last) (remark ? last : rows[0])?.element.querySelector("input")?.focus();
}

/**
 * @param {readonly Change[]} changes
 * @param {(id: string) => QueueEntry | undefined} find
 */
function inWords(changes, find) {
  if (!changes.length) return [h("p", {}, "No mark changes.")];
  /** @type {Map<string, {change: Change, count: number, names: string[]}>} */
  const kinds = new Map();
  for (const change of changes) {
    const key = `${change.before} ${change.after}`;
    const kind = kinds.get(key) ?? { change, count: 0, names: [] };
    const name = find(change.id)?.name;
    if (name) kind.names.push(name);
    kind.count += 1;
    kinds.set(key, kind);
  }
  const shown = [...kinds.values()].sort((a, b) => b.count - a.count).slice(0, CHANGES_SHOWN);
  return [
    h("p", {}, h("strong", {}, `${counted(changes.length, "mark")} will change:`)),
    h("ul", {}, ...shown.map(({ change, count, names }) => h("li", {},
      `${counted(count, "answer")} from ${shownPoints(change.before)} to ${shownPoints(change.after)}`,
      names.length > 0 && `: ${names.slice(0, 5).join(", ")}${names.length > 5 ? " …" : ""}`))),
    kinds.size > CHANGES_SHOWN && h("p", {}, "… and others."),
  ].filter((each) => each !== false);
}
