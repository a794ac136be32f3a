/** The marker's settings: name, order, filter, and whether names are shown. */

/** @import {Order} from "./queue.js" */
/** @import {Navigation} from "./navigation.js" */
/** @import {Refresh} from "./refresh.js" */
/** @import {Screen} from "./screen.js" */
/** @import {Session} from "./session.js" */

import { openName } from "./dialogs.js";
import { counted } from "./dom.js";
import { FILTERS, ORDERS, passes } from "./queue.js";

export class Settings {
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

  /** @param {Order} order */
  setOrder(order) {
    this.session.setOrder(order);
    this.screen.showHeader();
    this.screen.showMeta();
    this.navigation.prefetch();
    this.screen.say(ORDERS[order]);
  }

  /** @param {string} filter */
  setFilter(filter) {
    const { session, screen } = this;
    session.setFilter(filter);
    const found = session.sequence.filter((each) => passes(each, filter, session.marker));
    const count = found.length;
    screen.say(`${FILTERS[filter] ?? "With these points"}: ${counted(count, "answer")}`);
    if (count && !found.some((each) => each.id === session.current)) {
      const near = found.find((each) => each.item === session.entry?.item) ?? found[0];
      if (near) void this.navigation.show(near.id);
    } else {
      screen.showHeader();
      screen.showMeta();
      if (!count) screen.say("No answer passes this filter.", true);
    }
  }

  /** @param {boolean} shown */
  setNames(shown) {
    this.session.setNames(shown);
    void this.refresh.load().then(() => {
      this.screen.showMeta();
      this.screen.showHeader();
    });
  }

  toggleNames() {
    this.setNames(!this.session.names);
  }

  /**
   * Ask for the marker's name at the start, unless it is known; return whether there is a name.
   * @returns {Promise<boolean>}
   */
  async askFirstName() {
    const { session } = this;
    if (!session.marker) await new Promise((named) => openName("", (name) => session.setMarker(name), () => named(undefined)));
    return session.marker !== "";
  }

  /** Ask for another name, and load the answers again as that marker sees them. */
  askName() {
    const { session, screen } = this;
    openName(session.marker, (name) => {
      session.setMarker(name);
      screen.answers.clear();
      void this.refresh.load().then(async () => {
        if (session.current) {
          screen.answers.drop(session.current);
          await this.navigation.show(session.current, true);
        }
      });
    }, () => screen.leave());
  }
}
