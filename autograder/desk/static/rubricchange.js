/** Change the rubric of the item on the screen, and show its answer with the new rubric. */

/** @import {Change, ItemView} from "./types.js" */
/** @import {Api} from "./api.js" */
/** @import {Navigation} from "./navigation.js" */
/** @import {Refresh} from "./refresh.js" */
/** @import {Screen} from "./screen.js" */
/** @import {Session} from "./session.js" */

import { counted } from "./dom.js";
import { Draft } from "./draft.js";
import { openRubricEditor } from "./rubriceditor.js";

export class RubricChanger {
  /**
   * @param {Session} session
   * @param {Api} api
   * @param {Screen} screen
   * @param {Navigation} navigation
   * @param {Refresh} refresh
   */
  constructor(session, api, screen, navigation, refresh) {
    this.session = session;
    this.api = api;
    this.screen = screen;
    this.navigation = navigation;
    this.refresh = refresh;
  }

  /**
   * Open the editor of the rubric.
   * @param {string} [remark] a remark that becomes a new step
   */
  edit(remark = "") {
    const { session, api, screen } = this;
    const { entry } = session;
    if (!entry) return;
    openRubricEditor({
      api,
      marker: session.marker,
      item: session.item(entry.item),
      remark,
      find: (id) => session.entries.get(id),
      applied: (changes) => this.#applied(entry.id, entry.item, changes),
      closed: () => screen.leave(),
    });
  }

  /**
   * @param {string} id
   * @param {ItemView["name"]} name
   * @param {readonly Change[]} changes
   */
  async #applied(id, name, changes) {
    const { session, screen } = this;
    await this.refresh.load();
    screen.answers.clear();
    const view = await this.api.answer(id);
    const before = session.draft;
    const draft = new Draft(view, session.item(name));
    if (before?.isTouched) {
      const known = new Set(draft.item.steps.map((step) => step.id));
      draft.change({ ...before.content, ticks: new Set([...before.content.ticks].filter((each) => known.has(each))) });
    }
    session.draft = draft;
    session.drafts.set(id, draft);
    this.navigation.present(view);
    screen.say(changes.length ? `The rubric was changed, and ${counted(changes.length, "mark")} with it.` : "The rubric was changed; no mark changed.");
  }
}
