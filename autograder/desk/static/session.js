/** The page's data: the marker's settings, the queue and the drafts. Other modules show them. */

/** @import {Queue, QueueEntry} from "./types.js" */
/** @import {Draft} from "./draft.js" */
/** @import {Order} from "./queue.js" */

import { equals, ORDERS, sequence } from "./queue.js";

export class Session {
  constructor() {
    this.marker = localStorage.getItem("fdl-desk-marker") ?? "";
    this.names = localStorage.getItem("fdl-desk-names") === "1";
    const order = localStorage.getItem("fdl-desk-order") ?? "item";
    /** @type {Order} */
    this.order = order in ORDERS ? /** @type {Order} */ (order) : "item";
    this.filter = "all";
    /** @type {Queue | null} */
    this.queue = null;
    /** @type {Map<string, QueueEntry>} */
    this.entries = new Map();
    /** @type {QueueEntry[] | null} */
    this.list = null;
    /** Unsaved drafts of answers that the marker left. @type {Map<string, Draft>} */
    this.drafts = new Map();
    /** @type {Draft | null} */
    this.draft = null;
    /** The id of the answer on the screen. */
    this.current = "";
    /** Number of changes that this page has made to the queue. */
    this.changes = 0;
  }

  /** @param {Queue} queue */
  take(queue) {
    this.queue = queue;
    // use the server's spelling of the name; a reply to an older request may have another name
    if (queue.marker !== this.marker && sameName(queue.marker) === sameName(this.marker)) this.setMarker(queue.marker);
    this.entries = new Map(queue.answers.map((entry) => [entry.id, entry]));
    this.list = null;
  }

  /**
   * Replace one entry of the queue.
   * @param {QueueEntry} entry
   */
  update(entry) {
    this.changes += 1;
    this.entries.set(entry.id, entry);
    if (this.queue) this.queue = { ...this.queue, answers: this.queue.answers.map((each) => (each.id === entry.id ? entry : each)) };
    this.list = null;
  }

  // --- what is on the screen ---

  /** @returns {QueueEntry | null} */
  get entry() {
    return this.entries.get(this.current) ?? null;
  }

  /** @param {string} name */
  item(name) {
    const found = this.queue?.items.find((each) => each.name === name);
    if (!found) throw new Error(`no item ${name}`);
    return found;
  }

  /** The answers that pass the filter, in order. */
  get sequence() {
    this.list ??= this.queue ? sequence([...this.entries.values()], this.queue.items, this.order, this.filter, this.marker, this.current) : [];
    return this.list;
  }

  /**
   * Return the unmarked answers that are equal to this one.
   * @param {QueueEntry} entry
   */
  equals(entry) {
    return equals([...this.entries.values()], entry);
  }

  /** The answer's position among those of its item, student or filter, such as "3 of 40". */
  get place() {
    const { entry } = this;
    if (!entry) return "";
    const isPart = this.filter === "all" || this.filter === "unmarked";
    const all = isPart ? this.#entriesLike(entry) : this.sequence;
    return `${all.findIndex((each) => each.id === entry.id) + 1} of ${all.length}`;
  }

  /**
   * Return all answers of the same item or, student by student, of the same student.
   * @param {QueueEntry} entry
   */
  #entriesLike(entry) {
    const all = this.filter === "unmarked" && this.queue
      ? sequence([...this.entries.values()], this.queue.items, this.order, "all", this.marker)
      : this.sequence;
    return all.filter((each) => (this.order === "student" ? each.person === entry.person : each.item === entry.item));
  }

  // --- settings, most of which the browser stores ---

  /** @param {string} name */
  setMarker(name) {
    this.marker = name;
    localStorage.setItem("fdl-desk-marker", name);
  }

  /** @param {boolean} shown */
  setNames(shown) {
    this.names = shown;
    localStorage.setItem("fdl-desk-names", shown ? "1" : "0");
  }

  /** @param {Order} order */
  setOrder(order) {
    this.order = order;
    localStorage.setItem("fdl-desk-order", order);
    this.list = null;
  }

  /** @param {string} filter */
  setFilter(filter) {
    this.filter = filter;
    this.list = null;
  }

  // --- drafts ---

  /** Whether a comment, a reason or an adjustment was typed and not saved. */
  get isUnsaved() {
    return [...this.drafts.values()].some((each) => each.isTyped);
  }

  /** Keep the draft on the screen until it is saved. */
  keepDraft() {
    if (this.draft) this.drafts.set(this.draft.view.entry.id, this.draft);
  }

  /**
   * Offer a new comment for other answers at once, before the server's next queue contains it.
   * @param {Draft} draft
   */
  remember(draft) {
    const text = draft.content.comment.trim();
    if (!text || !this.queue) return;
    const items = this.queue.items.map((item) => {
      if (item.name !== draft.item.name) return item;
      const known = item.remarks.find((each) => each.text === text);
      const rest = item.remarks.filter((each) => each !== known);
      return { ...item, remarks: [...rest, { text, count: (known?.count ?? 0) + 1 }].sort((a, b) => b.count - a.count) };
    });
    this.queue = { ...this.queue, items };
  }
}

/**
 * Return a key that is the same for names that differ only in capitals or spaces.
 * @param {string} name
 */
function sameName(name) {
  return name.normalize("NFKC").toLowerCase().split(/\s+/).filter(Boolean).join(" ");
}
