/** The order of the answers, and which of them comes next. These functions change nothing. */

/** @import {ItemView, QueueEntry} from "./types.js" */

/** @typedef {"item" | "student" | "similar"} Order */

/** @type {Record<Order, string>} */
export const ORDERS = {
  item: "Item by item",
  student: "Student by student",
  similar: "By similarity",
};

/** @type {Record<string, string>} */
export const FILTERS = {
  all: "All answers",
  unmarked: "Unmarked",
  flagged: "Flagged",
  mine: "Marked by me",
  changed: "Changed since marking",
  settle: "To settle",
  typed: "Typed in the formgrader",
  blank: "Blank",
  others: "Dealt to others",
};

const POINTS = "points:";

/**
 * Return whether an answer passes the filter.
 * @param {QueueEntry} entry
 * @param {string} filter
 * @param {string} marker
 * @returns {boolean}
 */
export function passes(entry, filter, marker) {
  if (filter.startsWith(POINTS)) return entry.points === Number(filter.slice(POINTS.length));
  if ((entry.role === "other") !== (filter === "others")) return false;
  switch (filter) {
    case "unmarked": return entry.open;
    case "flagged": return entry.flagged;
    case "mine": return entry.marker === marker && !entry.open;
    case "changed": return entry.changed;
    case "settle": return entry.differs;
    case "typed": return entry.typed;
    case "blank": return entry.blank;
    default: return true;
  }
}

/**
 * Return the answers that pass the filter, in order; the current answer is always included.
 * @param {readonly QueueEntry[]} entries
 * @param {readonly ItemView[]} items
 * @param {Order} order
 * @param {string} filter
 * @param {string} marker
 * @param {string} [current]
 * @returns {QueueEntry[]}
 */
export function sequence(entries, items, order, filter, marker, current = "") {
  const places = new Map(items.map((item, index) => [item.name, index]));
  /** @param {QueueEntry} entry */
  const item = (entry) => places.get(entry.item) ?? 0;
  /** @type {Record<Order, (a: QueueEntry, b: QueueEntry) => number>} */
  const compare = {
    item: (a, b) => item(a) - item(b) || a.shuffled - b.shuffled,
    similar: (a, b) => item(a) - item(b) || a.similar - b.similar,
    student: (a, b) => (a.person < b.person ? -1 : a.person > b.person ? 1 : item(a) - item(b)),
  };
  return entries
    .filter((entry) => entry.id === current || passes(entry, filter, marker))
    .sort(compare[order]);
}

/**
 * Return the id of the answer to mark next, or null if there is none.
 *
 * This is the next unmarked answer of the same item (or student, in that order of answers), or else
 * any other unmarked answer; answers after the current one come before earlier ones. A filter that
 * selects marked answers goes through all of its answers, in order.
 * @param {readonly QueueEntry[]} list
 * @param {QueueEntry | null} current
 * @param {Order} order
 * @param {string} filter
 * @returns {string | null}
 */
export function following(list, current, order, filter) {
  const isOpenOnly = filter === "all" || filter === "unmarked" || filter === "others";
  const rest = after(list, current);
  if (!isOpenOnly) return rest[0]?.id ?? null;
  const waiting = [...rest, ...before(list, current)].filter((entry) => entry.open);
  const isNear = (/** @type {QueueEntry} */ entry) =>
    order === "student" ? entry.person === current?.person : entry.item === current?.item;
  return (waiting.find(isNear) ?? waiting[0])?.id ?? null;
}

/**
 * Return the next ids in the order in which they will probably be shown.
 * @param {readonly QueueEntry[]} list
 * @param {QueueEntry} current
 * @param {Order} order
 * @param {string} filter
 * @param {number} count
 * @returns {string[]}
 */
export function upcoming(list, current, order, filter, count) {
  /** @type {string[]} */
  const found = [];
  /** @type {QueueEntry | null} */
  let at = current;
  const seen = new Set([current.id]);
  while (found.length < count && at) {
    const id = following(list.filter((entry) => !seen.has(entry.id) || entry === at), at, order, filter);
    if (id === null || seen.has(id)) break;
    found.push(id);
    seen.add(id);
    at = list.find((entry) => entry.id === id) ?? null;
  }
  return found;
}

/**
 * Return the id of the neighbour in the list, or null at its end.
 * @param {readonly QueueEntry[]} list
 * @param {QueueEntry} current
 * @param {1 | -1} step
 * @returns {string | null}
 */
export function neighbour(list, current, step) {
  const index = list.findIndex((entry) => entry.id === current.id);
  return list[index + step]?.id ?? null;
}

/**
 * Return the unmarked answers with the same text as this one, or all blank ones if this is blank.
 * @param {readonly QueueEntry[]} entries
 * @param {QueueEntry} entry
 * @returns {QueueEntry[]}
 */
export function equals(entries, entry) {
  return entries.filter(
    (each) => each.id !== entry.id && each.item === entry.item && each.open && !each.differs
      && !each.typed && !each.changed && each.role === entry.role
      && (entry.blank ? each.blank : each.group === entry.group),
  );
}

/**
 * Return a filter for each number of points that answers of an item have, in ascending order.
 * @param {readonly QueueEntry[]} entries
 * @param {string} item
 * @returns {Map<string, number>}
 */
export function pointFilters(entries, item) {
  const points = new Set(
    entries.filter((each) => each.item === item).map((each) => each.points).filter((each) => each !== null),
  );
  return new Map([...points].sort((a, b) => a - b).map((each) => [`${POINTS}${each}`, each]));
}

/**
 * @param {readonly QueueEntry[]} list
 * @param {QueueEntry | null} current
 */
function after(list, current) {
  const index = current ? list.findIndex((entry) => entry.id === current.id) : -1;
  return list.slice(index + 1);
}

/**
 * @param {readonly QueueEntry[]} list
 * @param {QueueEntry | null} current
 */
function before(list, current) {
  const index = current ? list.findIndex((entry) => entry.id === current.id) : -1;
  return index < 0 ? [...list] : list.slice(0, index);
}
