/** Settle a mark that was not saved because somebody else changed the answer or the rubric first. */

/** @import {AnswerView, Given, ItemView} from "./types.js" */
/** @import {ConflictError} from "./api.js" */
/** @import {Draft} from "./draft.js" */
/** @import {Navigation} from "./navigation.js" */
/** @import {Refresh} from "./refresh.js" */
/** @import {Screen} from "./screen.js" */
/** @import {Session} from "./session.js" */

import { dialogsClosed, isDialogOpen, openConflict } from "./dialogs.js";
import { shownPoints } from "./dom.js";

export class Conflicts {
  /**
   * @param {Session} session
   * @param {Screen} screen
   * @param {Navigation} navigation
   * @param {Refresh} refresh
   */
  constructor(session, screen, navigation, refresh) {
    this.session = session;
    this.screen = screen;
    this.navigation = navigation;
    this.refresh = refresh;
  }

  /**
   * Show both marks of the answer, and ask which of them counts.
   * @param {ConflictError} conflict
   * @param {Record<string, Given>} given the marks that were not saved
   * @param {Draft | null} draft their draft; null for a flag or an undo, which is dropped
   * @param {(draft: Draft) => void} send saves the marker's own mark, if the marker chooses it
   * @param {string} lost says what was not saved
   */
  async settle(conflict, given, draft, send, lost) {
    const { session, screen, navigation } = this;
    const changed = conflict.answers.filter((view) => view.state !== given[view.entry.id]?.state);
    for (const view of conflict.answers) {
      session.update(view.entry);
      screen.answers.put(view);
    }
    const view = changed[0] ?? conflict.answers[0];
    if (!view || !draft) {
      if (view?.entry.id === session.current) navigation.presentAgain(view);
      screen.say(`${lost}: ${conflict.message}.`, true);
      return;
    }
    const { id } = view.entry;
    const count = Object.keys(given).length;
    const item = await this.refresh.newestItem(view.entry.item);
    const mine = given[id];
    const returnTo = session.current === id ? "" : session.current;
    const own = conflict.answers.find((each) => each.entry.id === draft.view.entry.id);
    if (own && item) session.drafts.set(own.entry.id, draft.movedTo(own, item));
    await navigation.show(id);
    if (count > 1) {
      const why = item && draft.item.rubric !== item.rubric ? rubricChanged(item) : `One of these ${count} answers was changed`;
      screen.say(`Nothing was saved. ${why} meanwhile. Look at it, then mark the others again.`, true);
      return;
    }
    if (!mine || !item) return;
    if (isDialogOpen()) await dialogsClosed();
    const moved = draft.movedTo(view, item);
    openConflict(`${whatHappened(draft, view, item)} since you opened it`, view, moved, moved.given(session.marker), (isMine) => {
      if (isMine) {
        send(moved);
      } else {
        session.drafts.delete(id);
        if (!returnTo) navigation.present(view);
      }
      if (returnTo) void navigation.show(returnTo, true);
    }, () => screen.leave());
  }
}

/**
 * Return a sentence about the change of an answer between two views of it.
 * @param {Draft} before the draft with the older view
 * @param {AnswerView} view
 * @param {ItemView} item
 * @returns {string}
 */
function whatHappened({ view: before, item: known }, view, item) {
  const { mark, typed } = view;
  const who = mark?.marker || "Somebody";
  const isNewMark = mark !== null && mark.id !== before.mark?.id && mark.cause !== "rubric";
  if (view.html !== before.html) return "The student’s text was changed";
  if (typed && JSON.stringify(typed) !== JSON.stringify(before.typed)) {
    return `Somebody typed ${typed.points === null ? "another comment" : shownPoints(typed.points)} in the formgrader`;
  }
  if (isNewMark && mark.ticks !== null) return `${who} marked this ${shownPoints(mark.points)}`;
  if (isNewMark && before.mark && before.mark.ticks !== null) return `${who} took back the mark`;
  if (known.rubric !== item.rubric) return rubricChanged(item);
  if (isNewMark && mark.flagged !== (before.mark?.flagged ?? false)) return `${who} ${mark.flagged ? "flagged this" : "removed the flag"}`;
  return "This answer was changed";
}

/** @param {ItemView} item */
function rubricChanged(item) {
  return item.rubric_by ? `${item.rubric_by} changed the rubric` : "The rubric was changed";
}
