/** Load the queue, now and then again, and show what other markers changed meanwhile. */

/** @import {Api} from "./api.js" */
/** @import {Navigation} from "./navigation.js" */
/** @import {Saver} from "./saver.js" */
/** @import {Screen} from "./screen.js" */
/** @import {Session} from "./session.js" */

/** Milliseconds between two looks at what others have marked. */
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

  /** Refresh the queue whenever the page comes into view, and regularly while it is. */
  watch() {
    const look = () => { if (!document.hidden) void this.refresh(); };
    document.addEventListener("visibilitychange", look);
    setInterval(look, REFRESH);
  }

  /** Ask for the queue; return whether it came. */
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
   * Return an item after a look at the server: its rubric may be new, too.
   * @param {string} name
   */
  async newestItem(name) {
    const queue = await this.api.queue().catch(() => null);
    if (queue) this.session.take(queue);
    return this.session.queue?.items.find((each) => each.name === name) ?? null;
  }

  /** Look at the queue again; answers that changed are fetched again. */
  async refresh() {
    const { session, saver } = this;
    if (!session.queue || this.isRefreshing) return;
    this.isRefreshing = true;
    try {
      const { changes } = session;
      const queue = await this.api.queue();
      if (saver.waiting || changes !== session.changes) return; // this page knows more
      session.take(queue);
      await this.#renew();
      this.screen.showHeader();
    } catch {
      // the next look may succeed; a mark that can't be saved is reported
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
   * Show the answer on the screen again, unless its draft was touched: then Enter will ask.
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
