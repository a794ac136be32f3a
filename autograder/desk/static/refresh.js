/** Load the queue, repeat this regularly, and show what other markers have changed. */

/** @import {Api} from "./api.js" */
/** @import {Navigation} from "./navigation.js" */
/** @import {Saver} from "./saver.js" */
/** @import {Screen} from "./screen.js" */
/** @import {Session} from "./session.js" */

/** Milliseconds between two requests for the queue. */
const REFRESH = 15_000;

export class Refresh {
  /**
   * @param {Session} session
   * @param {Api} api
   * @param {Saver} saver
   * @param {Screen} screen
   * @param {Navigation} navigation
   */
  constructor(session, api, saver, screen, navigation) {
    this.session = session;
    this.api = api;
    this.saver = saver;
    this.screen = screen;
    this.navigation = navigation;
    this.isRefreshing = false;
  }

  /** Refresh the queue when the page becomes visible, and regularly while it is visible. */
  watch() {
    const look = () => { if (!document.hidden) void this.refresh(); };
    document.addEventListener("visibilitychange", look);
    setInterval(look, REFRESH);
  }

  /** Load the queue; return whether the server sent it. */
  async load() {
    try {
      this.session.take(await this.api.queue());
      return true;
    } catch (error) {
      this.screen.tell(error);
      return false;
    }
  }

  /**
   * Load the queue again and return the item with its newest rubric.
   * @param {string} name
   */
  async newestItem(name) {
    const queue = await this.api.queue().catch(() => null);
    if (queue) this.session.take(queue);
    return this.session.queue?.items.find((each) => each.name === name) ?? null;
  }

  /** Load the queue again, and the answers that changed. */
  async refresh() {
    const { session, saver } = this;
    if (!session.queue || this.isRefreshing) return;
    this.isRefreshing = true;
    try {
      const { changes } = session;
      const queue = await this.api.queue();
      if (saver.waiting || changes !== session.changes) return; // marks saved meanwhile are newer
      session.take(queue);
      await this.#renew();
      this.screen.showHeader();
    } catch {
      // the next request may succeed; the page reports marks that can't be saved
    } finally {
      this.isRefreshing = false;
    }
  }

  /** Fetch answers again that somebody changed. */
  async #renew() {
    const { session, navigation } = this;
    const { answers } = this.screen;
    for (const [id, slot] of answers.slots) {
      const entry = session.entries.get(id);
      if (entry && entry.state === slot.view.state) continue;
      if (id !== session.current) answers.drop(id);
      else if (entry) await this.#renewShown(id);
    }
    const { draft, entry } = session;
    const item = entry && session.item(entry.item);
    if (item) this.screen.showQuestion(item);
    const isChanged = item && draft && (draft.item.rubric !== item.rubric || draft.item.max_points !== item.max_points);
    if (isChanged && !draft.isTouched) navigation.presentAgain(draft.view);
    navigation.prefetch();
  }

  /**
   * Show the answer on the screen again. If its draft was touched, do nothing: saving will ask.
   * @param {string} id
   */
  async #renewShown(id) {
    const { session, screen } = this;
    const view = await this.api.answer(id);
    if (session.current !== id || this.saver.waiting || session.draft?.isTouched) return;
    this.navigation.presentAgain(view);
    if (view.mark?.marker !== session.marker) screen.say(`${view.mark?.marker || "Somebody"} has changed this mark.`, true);
  }
}
