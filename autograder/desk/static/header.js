/** The bar at the top: the item, how many answers are left, the pace, the order and the filter. */

/** @import {ItemView, Queue, QueueEntry} from "./types.js" */
/** @import {Order} from "./queue.js" */

import { counted, fill, h, shownPoints } from "./dom.js";
import { FILTERS, ORDERS, passes, pointFilters } from "./queue.js";

/**
 * @typedef {object} HeaderActions
 * @property {(item: string) => void} item
 * @property {(order: Order) => void} order
 * @property {(filter: string) => void} filter
 * @property {(shown: boolean) => void} names
 * @property {() => void} marker
 * @property {() => void} help
 * @property {() => void} leave
 */

/**
 * @typedef {object} HeaderState
 * @property {Queue} queue
 * @property {QueueEntry | null} entry
 * @property {Order} order
 * @property {string} filter
 * @property {boolean} names
 * @property {string} marker
 * @property {string} saving
 * @property {boolean} isTrouble
 * @property {string} place
 */

export class Header {
  /**
   * @param {HTMLElement} root
   * @param {string} formgrader
   * @param {HeaderActions} actions
   */
  constructor(root, formgrader, actions) {
    this.actions = actions;
    /** @param {HTMLSelectElement} select @param {(value: string) => void} action */
    const chosen = (select, action) => () => { action(select.value); actions.leave(); };
    this.item = h("select", { id: "item", "aria-label": "Item" });
    this.item.addEventListener("change", chosen(this.item, actions.item));
    this.order = h("select", { "aria-label": "Order" }, ...Object.entries(ORDERS).map(([value, words]) => h("option", { value }, words)));
    this.order.addEventListener("change", chosen(this.order, (value) => actions.order(/** @type {Order} */ (value))));
    this.filter = h("select", { "aria-label": "Filter" });
    this.filter.addEventListener("change", chosen(this.filter, actions.filter));
    this.names = h("input", { type: "checkbox", role: "switch", onchange: () => { actions.names(this.names.checked); actions.leave(); } });
    this.marker = h("button", { type: "button", class: "marker", title: "Change your name", onclick: actions.marker });
    this.left = h("p", { class: "left" });
    this.pace = h("p", { class: "pace" });
    this.bar = h("div", { class: "bar", role: "progressbar", "aria-label": "Marked answers of this item", "aria-valuemin": 0 }, h("span", {}));
    this.saving = h("p", { class: "saving" });
    fill(root,
      h("div", { class: "what" }, h("a", { class: "brand", href: formgrader, title: "To the formgrader" }, "Desk"), this.item),
      h("div", { class: "progress" }, h("div", { class: "figures" }, this.left, this.pace), this.bar),
      h("div", { class: "tools" }, this.saving, this.order, this.filter,
        h("label", { class: "switch" }, this.names, h("span", {}, "Names")), this.marker,
        h("button", { type: "button", class: "help", "aria-label": "Help", onclick: actions.help }, "?")));
  }

  /** @param {HeaderState} state */
  show(state) {
    const { queue, entry, filter, order, marker } = state;
    const current = entry?.item ?? queue.items[0]?.name ?? "";
    const open = new Map(queue.items.map((item) => [item.name, countOf(queue.answers, item, marker)]));
    options(this.item, queue.items.map((item) => [item.name, `${item.title} (${leftOf(open.get(item.name))})`]), current);
    this.order.value = order;
    options(this.filter, filtersOf(queue, current, marker), filter);
    this.names.checked = state.names;
    fill(this.marker, marker || "Your name");
    const { left, all } = open.get(current) ?? { left: 0, all: 0 };
    fill(this.left, h("strong", {}, left === 0 ? "All marked" : `${left} left`), h("span", { class: "place" }, state.place));
    const pace = queue.progress[current]?.pace ?? queue.progress[""]?.pace ?? null;
    fill(this.pace, left > 0 && pace !== null ? `${seconds(pace)} each, ${duration(pace * left)} to go` : "");
    const done = all - left;
    this.bar.setAttribute("aria-valuemax", String(Math.max(all, 1)));
    this.bar.setAttribute("aria-valuenow", String(done));
    this.bar.setAttribute("aria-valuetext", `${done} of ${counted(all, "answer")} marked`);
    /** @type {HTMLElement} */ (this.bar.firstElementChild).style.width = `${all ? (100 * done) / all : 0}%`;
    this.bar.classList.toggle("full", left === 0);
    fill(this.saving, state.saving);
    this.saving.classList.toggle("trouble", state.isTrouble);
  }
}

/**
 * @param {readonly QueueEntry[]} entries
 * @param {ItemView} item
 * @param {string} marker
 */
function countOf(entries, item, marker) {
  const mine = entries.filter((each) => each.item === item.name && passes(each, "all", marker));
  return { all: mine.length, left: mine.filter((each) => each.open).length };
}

/** @param {{left: number, all: number} | undefined} count */
function leftOf(count) {
  return !count || count.left === 0 ? "done" : `${count.left} left`;
}

/**
 * Set the options of a select element. If nothing changed, leave it alone: it may be open.
 * @param {HTMLSelectElement} select
 * @param {readonly (readonly [string, string])[]} wanted
 * @param {string} value
 */
function options(select, wanted, value) {
  const now = [...select.options].map((each) => `${each.value}\0${each.text}`);
  if (now.join("\n") !== wanted.map((each) => each.join("\0")).join("\n")) {
    fill(select, ...wanted.map(([each, words]) => h("option", { value: each }, words)));
  }
  select.value = value;
}

/**
 * @param {Queue} queue
 * @param {string} item
 * @param {string} marker
 * @returns {[string, string][]}
 */
function filtersOf(queue, item, marker) {
  /** @type {[string, string][]} */
  const found = [];
  for (const [name, words] of Object.entries(FILTERS)) {
    const count = queue.answers.filter((each) => passes(each, name, marker)).length;
    if (name === "others" && count === 0) continue;
    found.push([name, name === "all" ? words : `${words} (${count})`]);
  }
  for (const [name, points] of pointFilters(queue.answers, item)) found.push([name, `With ${counted(points, "point")}`.replace(String(points), shownPoints(points))]);
  return found;
}

/** @param {number} time */
function seconds(time) {
  return time < 90 ? `${Math.round(time)} s` : `${Math.round(time / 60)} min`;
}

/** @param {number} time */
function duration(time) {
  if (time < 60) return "1 min";
  const minutes = Math.round(time / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
