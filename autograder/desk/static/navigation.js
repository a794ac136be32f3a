/** Choose the answer on the screen (next, back, or by item), and fetch answers ahead. */

/** @import {AnswerView, ItemView, QueueEntry} from "./types.js" */
/** @import {Api} from "./api.js" */
/** @import {MarkPane} from "./mark.js" */
/** @import {Screen} from "./screen.js" */
/** @import {Session} from "./session.js" */

import { byId, fill, h, isField, shownPoints } from "./dom.js";
import { Draft } from "./draft.js";
import { FILTERS, following, neighbour, upcoming } from "./queue.js";

/** Number of answers to fetch ahead. */
const AHEAD = 4;

/** Milliseconds for which the page says that all answers are marked. */
const END_SHOWN = 4000;

export class Navigation {
  /**
   * @param {string} homework
   * @param {Session} session
   * @param {Api} api
   * @param {Screen} screen
   * @param {MarkPane} pane
   */
  constructor(homework, session, api, screen, pane) {
    this.homework = homework;
    this.session = session;
    this.api = api;
    this.screen = screen;
    this.answers = screen.answers;
    this.pane = pane;
    /** @type {Map<string, Promise<AnswerView>>} */
    this.asked = new Map();
    /** @type {string[]} */
    this.visited = [];
  }

  // --- where to go ---

  /**
   * Show the next answer to mark.
   * @param {QueueEntry | null} from
   */
  goOn(from) {
    const { sequence, order, filter } = this.session;
    const id = following(sequence, from, order, filter);
    if (id) void this.show(id);
    else this.#end();
  }

  #end() {
    const { session, screen } = this;
    const { filter } = session;
    const isFiltered = filter !== "all" && filter !== "unmarked";
    const words = isFiltered ? `No more answers: ${FILTERS[filter] ?? "with these points"}.` : "All answers are marked.";
    screen.say(words);
    if (session.current && session.entry) {
      screen.before += `${words} `;
      const view = this.answers.known(session.entry.id);
      if (view) this.present(view);
    } else if (session.sequence[0]) {
      void this.show(session.sequence[0].id);
      return;
    } else {
      fill(screen.meta, h("p", { class: "empty" }, session.queue?.answers.length ? words : `There are no answers yet: run fdl grade ${this.homework} first.`));
      screen.showHeader();
    }
    fill(byId("trouble"), h("p", { class: "good" }, words));
    setTimeout(() => fill(byId("trouble")), END_SHOWN);
    screen.leave();
  }

  /** Go back to the answer that was shown before, without saving. */
  back() {
    const { sequence, entry, entries } = this.session;
    let id = this.visited.pop();
    while (id && !entries.has(id)) id = this.visited.pop();
    const before = id ?? (entry && neighbour(sequence, entry, -1));
    if (before) void this.show(before, true);
    else this.screen.say("This is the first answer.");
  }

  /** @param {1 | -1} step */
  move(step) {
    const { sequence, entry } = this.session;
    const id = entry && neighbour(sequence, entry, step);
    if (id) void this.show(id);
    else this.screen.say(step > 0 ? "This is the last answer." : "This is the first answer.");
  }

  /** @param {string} name */
  goToItem(name) {
    const mine = this.session.sequence.filter((each) => each.item === name);
    const id = (mine.find((each) => each.open) ?? mine[0])?.id;
    if (id) void this.show(id);
    else this.screen.say("No answer of this item passes the filter.");
    this.screen.showHeader();
  }

  /** Show the answer that the page's address names; return false if the address names none. */
  goToAddress() {
    const { current, entries, queue } = this.session;
    const [item = "", id = ""] = location.hash.slice(1).split("/").map(decoded);
    if (id === current && id) return true;
    if (entries.has(id)) void this.show(id);
    else if (queue?.items.some((each) => each.name === item)) this.goToItem(item);
    else return false;
    return true;
  }

  // --- fetching ---

  /**
   * Return an answer; fetch it and put it into the page if necessary.
   * @param {string} id
   * @returns {Promise<AnswerView>}
   */
  fetch(id) {
    const known = this.answers.known(id);
    if (known) return Promise.resolve(known);
    let asked = this.asked.get(id);
    if (!asked) {
      asked = this.api.answer(id).then((view) => {
        this.answers.put(view);
        return view;
      }).finally(() => this.asked.delete(id));
      this.asked.set(id, asked);
    }
    return asked;
  }

  /** Fetch the answers that will probably be shown next. */
  prefetch() {
    const { sequence, entry, order, filter } = this.session;
    if (!entry) return;
    const back = this.visited.at(-1);
    const ids = [
      ...upcoming(sequence, entry, order, filter, AHEAD),
      neighbour(sequence, entry, 1),
      ...(back ? [back] : []),
      neighbour(sequence, entry, -1),
    ];
    for (const id of new Set(ids)) {
      if (id && !this.answers.known(id)) void this.fetch(id).catch(() => undefined);
    }
  }

  // --- showing ---

  /**
   * Show an answer; it appears at once if it was fetched ahead.
   * @param {string} id
   * @param {boolean} [isBack]
   */
  async show(id, isBack = false) {
    const { session, screen } = this;
    if (!session.entries.has(id)) return;
    if (session.current && session.current !== id && !isBack) this.visited.push(session.current);
    session.current = id;
    session.list = null;
    const known = this.answers.known(id);
    if (known) {
      this.present(known);
      return;
    }
    // keys and clicks must not mark an answer that is not on the screen yet
    session.draft = null;
    byId("right").inert = true;
    this.answers.show("");
    fill(screen.meta, h("p", { class: "empty" }, "Loading …"));
    screen.leave();
    try {
      const view = await this.fetch(id);
      if (session.current === id) this.present(view);
    } catch (error) {
      if (session.current === id) fill(screen.meta, h("p", { class: "empty" }, "This answer could not be loaded. ", h("button", { type: "button", onclick: () => this.show(id, true) }, "Try again")));
      screen.tell(error);
    }
  }

  /**
   * Show an answer that the page holds, with its unsaved draft, and give it the focus.
   * @param {AnswerView} view
   */
  present(view) {
    const { session, screen } = this;
    const entry = session.entries.get(view.entry.id) ?? view.entry;
    const kept = session.drafts.get(entry.id);
    const item = session.item(entry.item);
    const isKept = kept && kept.view.state === view.state && kept.item.rubric === item.rubric;
    session.draft = isKept ? kept : new Draft(view, item);
    this.answers.put(view);
    this.answers.show(entry.id);
    byId("right").inert = false;
    screen.showQuestion(item);
    this.pane.show(session.draft, session.equals(entry));
    screen.showMeta();
    screen.showHeader();
    screen.region.setAttribute("aria-label", `Answer to ${item.title}`);
    byId("left").scrollTop = 0;
    screen.leave();
    history.replaceState(null, "", `#${encodeURIComponent(entry.item)}/${entry.id}`);
    screen.say(screen.before + this.#inWords(entry, item));
    screen.before = "";
    requestAnimationFrame(() => setTimeout(() => this.prefetch(), 0));
  }

  /**
   * Show the answer on the screen in its newest state; the focus stays where it is.
   * @param {AnswerView} view
   */
  presentAgain(view) {
    const { session, pane } = this;
    const { draft } = session;
    const next = new Draft(view, session.item(view.entry.item));
    if (draft?.isTouched && draft.view.entry.id === view.entry.id) {
      next.content = draft.content;
      next.past = draft.past;
      next.isTyped = draft.isTyped;
      next.isTouched = true;
    }
    session.draft = next;
    this.answers.put(view);
    this.answers.show(view.entry.id);
    byId("right").inert = false;
    if (!isField(document.activeElement)) pane.show(next, session.equals(view.entry));
    else pane.draft = next;
    this.screen.showMeta();
  }

  /**
   * @param {QueueEntry} entry
   * @param {ItemView} item
   */
  #inWords(entry, item) {
    const state = entry.open ? "unmarked" : `${shownPoints(entry.points ?? 0)} points`;
    const marks = [entry.flagged && "flagged", entry.blank && "blank", entry.changed && "changed since marking", entry.differs && "to settle"];
    return [`${item.title}, ${this.session.place}`, state, ...marks.filter(Boolean)].join(", ");
  }
}

/**
 * Return a part of an address; a part that is not encoded correctly stays as it is.
 * @param {string} part
 */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
