/** Giving marks: saving the draft, flags, undo, and marks for equal answers. */

/** @import {AnswerView, Given, Shown} from "./types.js" */
/** @import {Conflicts} from "./conflicts.js" */
/** @import {Draft} from "./draft.js" */
/** @import {MarkPane} from "./mark.js" */
/** @import {Navigation} from "./navigation.js" */
/** @import {Refresh} from "./refresh.js" */
/** @import {Saver} from "./saver.js" */
/** @import {Screen} from "./screen.js" */
/** @import {Session} from "./session.js" */

import { ConflictError } from "./api.js";
import { counted, shownPoints } from "./dom.js";
import { again } from "./draft.js";

/** Number of saved marks that can be undone. */
const UNDO_KEPT = 100;

/** @typedef {{ids: string[], before: Map<string, Shown | null>}} Done */

export class Marking {
  /**
   * @param {object} parts
   * @param {Session} parts.session
   * @param {Saver} parts.saver
   * @param {Screen} parts.screen
   * @param {MarkPane} parts.pane
   * @param {Navigation} parts.navigation
   * @param {Refresh} parts.refresh
   * @param {Conflicts} parts.conflicts
   */
  constructor({ session, saver, screen, pane, navigation, refresh, conflicts }) {
    this.session = session;
    this.saver = saver;
    this.screen = screen;
    this.pane = pane;
    this.navigation = navigation;
    this.refresh = refresh;
    this.conflicts = conflicts;
    /** Saved marks that can be undone. @type {Done[]} */
    this.done = [];
    /** The points that were announced last. */
    this.said = "";
  }

  // --- the draft ---

  /** @param {(draft: Draft) => void} change */
  change(change) {
    const { draft } = this.session;
    if (!draft) {
      this.#sayNotShown();
      return;
    }
    change(draft);
    this.pane.refresh();
    this.touched();
  }

  /** Say that a key does nothing while an answer is loading. */
  #sayNotShown() {
    if (this.session.entry) this.screen.say("Wait until the answer is on the screen.", true);
  }

  /** Store the changed draft, and announce its points. */
  touched() {
    const { draft } = this.session;
    if (!draft) return;
    this.session.keepDraft();
    const points = shownPoints(draft.points);
    if (points !== this.said) this.screen.say(`${points} of ${shownPoints(draft.item.max_points)}`);
    this.said = points;
  }

  /** Mark all equal answers together, or only the one on the screen. */
  toggleAll() {
    const { pane, screen } = this;
    const { draft } = this.session;
    if (!draft || !pane.equal.length) {
      screen.say("No other unmarked answer is the same.");
      return;
    }
    draft.isForAll = !draft.isForAll;
    pane.refresh();
    screen.say(draft.isForAll ? `For all ${pane.equal.length + 1} equal answers` : "For this answer only");
  }

  // --- saving ---

  /** Save the draft and show the next unmarked answer. */
  save() {
    const { draft, entry } = this.session;
    if (!draft || !entry) {
      this.#sayNotShown();
      return;
    }
    const refusal = this.#refusal(draft);
    if (refusal) {
      this.screen.say(refusal, true);
      return;
    }
    if (draft.isToSave) {
      const ids = [entry.id, ...(draft.isForAll ? this.pane.equal.map((each) => each.id) : [])];
      this.#send(draft, ids);
    }
    this.navigation.goOn(entry);
  }

  /**
   * Return why the draft can't be saved yet; empty if it can.
   * @param {Draft} draft
   */
  #refusal(draft) {
    const { view, content } = draft;
    if (this.pane.adjustment.validity.badInput) {
      this.pane.adjustment.focus();
      return "The adjustment is not a number.";
    }
    if (content.adjustment && !content.reason.trim()) {
      this.pane.reason.hidden = false;
      this.pane.reason.focus();
      return "Write a reason for the adjusted points.";
    }
    if (draft.isToSave) return "";
    if (view.differing.length) return "These marks differ: choose one of them first.";
    if (view.typed) return "Accept the mark from the formgrader, or mark with the rubric.";
    return draft.mark || !view.entry.open ? "" : "No step is ticked. Press 0 for no points, then Enter.";
  }

  /** Save the mark that somebody typed in the formgrader. */
  acceptTyped() {
    const { draft } = this.session;
    const typed = draft?.view.typed;
    if (!draft || !typed || typed.points === null) return;
    draft.change({ adjustment: 0, reason: "", comment: typed.comment });
    const difference = Math.round((typed.points - draft.points) * 1e6) / 1e6;
    if (difference) draft.change({ adjustment: difference, reason: "as typed in the formgrader" });
    this.#send(draft, [draft.view.entry.id], "formgrader");
    this.navigation.goOn(this.session.entry);
  }

  /**
   * @param {Draft} draft
   * @param {string[]} ids
   * @param {"desk" | "formgrader"} [cause]
   */
  #send(draft, ids, cause = "desk") {
    const { session } = this;
    const own = draft.given(session.marker);
    /** @type {Record<string, Given>} */
    const given = {};
    /** @type {Map<string, Shown | null>} */
    const before = new Map();
    for (const id of ids) {
      const isOwn = id === draft.view.entry.id;
      const entry = session.entries.get(id);
      given[id] = isOwn ? own : { ...own, state: entry?.state ?? "", flagged: entry?.flagged ?? false };
      before.set(id, isOwn ? draft.view.mark : null);
      this.#foresee(id, draft.points);
    }
    session.drafts.delete(draft.view.entry.id);
    this.done.push({ ids, before });
    if (this.done.length > UNDO_KEPT) this.done.shift();
    session.remember(draft);
    void this.#deliver(given, cause, draft);
    const whom = ids.length > 1 ? ` for ${counted(ids.length, "answer")}` : "";
    this.screen.before = `Saved${whom}: ${shownPoints(draft.points)}. `;
  }

  /**
   * Change the queue as if the mark were saved, so that the next answer appears without waiting.
   * @param {string} id
   * @param {number} points
   */
  #foresee(id, points) {
    const { session } = this;
    const entry = session.entries.get(id);
    if (!entry) return;
    session.update({ ...entry, points, open: false, marker: session.marker, changed: false, typed: false, differs: false });
    if (id !== session.current) this.screen.answers.drop(id);
  }

  /**
   * @param {Record<string, Given>} given
   * @param {"desk" | "formgrader"} cause
   * @param {Draft | null} draft
   * @param {string} [lost] what to say if the marks can't be saved
   * @returns {Promise<boolean>} whether the marks were saved
   */
  async #deliver(given, cause, draft, lost = "Nothing was saved") {
    try {
      for (const view of await this.saver.save({ given, cause })) this.#arrived(view);
      return true;
    } catch (error) {
      if (error instanceof ConflictError) await this.#conflict(error, given, draft, lost);
      else await this.#failed(error, given, draft, lost);
      return false;
    }
  }

  /** @param {AnswerView} view */
  #arrived(view) {
    const { session, screen } = this;
    const id = view.entry.id;
    session.update(view.entry);
    if (session.current === id) {
      const isUntouched = !session.draft?.isTouched || session.draft.view.state !== view.state;
      if (isUntouched) this.navigation.presentAgain(view);
    } else if (screen.answers.known(id)) {
      screen.answers.put(view);
    }
    screen.showHeader();
  }

  /**
   * @param {ConflictError} conflict
   * @param {Record<string, Given>} given
   * @param {Draft | null} draft
   * @param {string} lost
   */
  async #conflict(conflict, given, draft, lost) {
    this.done = this.done.filter((each) => !each.ids.some((id) => id in given));
    await this.conflicts.settle(conflict, given, draft, (mine) => this.#send(mine, [mine.view.entry.id]), lost);
  }

  /**
   * @param {unknown} error
   * @param {Record<string, Given>} given
   * @param {Draft | null} draft
   * @param {string} lost
   */
  async #failed(error, given, draft, lost) {
    const [id] = Object.keys(given);
    if (draft && id) {
      this.session.drafts.set(id, draft);
      for (const each of Object.keys(given)) this.screen.answers.drop(each);
      this.done = this.done.filter((each) => !each.ids.includes(id));
      await this.refresh.refresh();
      await this.navigation.show(id);
    }
    this.screen.tell(error, draft ? "Not saved: " : `${lost}: `);
  }

  // --- flags and undo ---

  /** Save a flag at once, without the ticks on the screen. */
  async flag() {
    const { session, screen } = this;
    const { current } = session;
    if (this.saver.waiting) await this.saver.last; // the flag needs the newest mark
    const { draft, entry } = session;
    if (!draft || !entry || entry.id !== current) return;
    if (draft.view.typed || draft.view.differing.length || draft.view.earlier) {
      screen.say("Mark this answer first, then flag it.", true);
      return;
    }
    const flagged = !entry.flagged;
    const given = { ...again(draft.view.mark, session.marker, draft.view.state), flagged };
    session.update({ ...entry, flagged });
    screen.showMeta();
    this.pane.refresh();
    screen.say(flagged ? "Flagged for a second look" : "Flag removed");
    if (await this.#deliver({ [entry.id]: given }, "desk", null, flagged ? "The flag was not saved" : "The flag was not removed")) return;
    const now = session.entries.get(entry.id);
    if (now && now.state === entry.state) session.update({ ...now, flagged: entry.flagged });
    screen.showMeta();
    this.pane.refresh();
  }

  /** Undo the last change of the draft or, if there is none, the last saved mark. */
  undo() {
    if (this.session.draft?.undo()) {
      this.pane.reload();
      this.screen.say("Undone");
      return;
    }
    const last = this.done.pop();
    if (!last) {
      this.screen.say("There is nothing to undo.");
      return;
    }
    void this.#undoSaved(last);
  }

  /** @param {Done} last */
  async #undoSaved({ ids, before }) {
    const { navigation, screen, session } = this;
    await this.saver.last;
    /** @type {Record<string, Given>} */
    const given = {};
    for (const id of ids) {
      const view = await navigation.fetch(id).catch(() => null);
      if (!view) return screen.say("The server does not answer: nothing was undone.", true);
      given[id] = { ...again(before.get(id) ?? null, session.marker, view.state), flagged: view.entry.flagged };
    }
    if (!(await this.#deliver(given, "desk", null, "The mark was not taken back"))) return;
    for (const id of ids) if (id !== ids[0]) screen.answers.drop(id);
    const [first] = ids;
    if (first) await navigation.show(first, true);
    screen.say(ids.length > 1 ? `Undone for ${counted(ids.length, "answer")}` : "The mark was taken back.");
  }
}
