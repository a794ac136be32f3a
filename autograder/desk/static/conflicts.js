/** Settle a mark that was not saved because somebody else changed the answer or the rubric first. */

/** @import {Given} from "./types.js" */
/** @import {ConflictError} from "./api.js" */
/** @import {Draft} from "./draft.js" */
/** @import {Navigation} from "./navigation.js" */
/** @import {Refresh} from "./refresh.js" */
/** @import {Screen} from "./screen.js" */
/** @import {Session} from "./session.js" */

import { dialogsClosed, isDialogOpen, openConflict } from "./dialogs.js";

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
   * @param {Draft | null} draft their draft; null for a flag or an undo, which are given up
   * @param {(draft: Draft) => void} send saves the marker's own mark after all
   */
  async settle(conflict, given, draft, send) {
    const { session, screen, navigation } = this;
    const changed = conflict.answers.filter((view) => view.state !== given[view.entry.id]?.state);
    for (const view of conflict.answers) {
      session.update(view.entry);
      screen.answers.put(view);
    }
    const view = changed[0] ?? conflict.answers[0];
    if (!view || !draft) {
      screen.say(`Nothing was saved: ${conflict.message}.`, true);
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
      screen.say(`Nothing was saved, since one of these ${count} answers was changed meanwhile. Look at it, then mark the others again.`, true);
      return;
    }
    if (!mine || !item) return;
    if (isDialogOpen()) await dialogsClosed();
    openConflict(view, mine, draft.points, item, (isMine) => {
      if (isMine) {
        send(draft.movedTo(view, item));
      } else {
        session.drafts.delete(id);
        if (!returnTo) navigation.present(view);
      }
      if (returnTo) void navigation.show(returnTo, true);
    }, () => screen.leave());
  }
}
