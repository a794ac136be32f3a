/** The page except for the mark: the top bar, the answer, the question and the model answer. */

/** @import {ItemView} from "./types.js" */
/** @import {HeaderActions} from "./header.js" */
/** @import {Saver} from "./saver.js" */
/** @import {Session} from "./session.js" */

import { Answers } from "./answers.js";
import { RefusedError } from "./api.js";
import { isDialogOpen, openPicture } from "./dialogs.js";
import { byId, clean, counted, fill, h, shownPoints } from "./dom.js";
import { Header } from "./header.js";
import { typeset } from "./math.js";

/** Milliseconds for which an urgent message is shown. */
const URGENT_SHOWN = 6000;

/**
 * @typedef {object} ScreenActions
 * @property {(step: 1 | -1) => void} move
 * @property {() => void} start starts again: asks for a missing name and loads the queue
 */

export class Screen {
  /**
   * @param {Session} session
   * @param {string} formgrader
   * @param {ScreenActions} actions
   * @param {HeaderActions} headerActions
   */
  constructor(session, formgrader, actions, headerActions) {
    this.session = session;
    this.actions = actions;
    /** Saves the marks; the top bar shows its state. @type {Saver | null} */
    this.saver = null;
    /** Text to announce before the next answer. */
    this.before = "";
    /** @type {number | undefined} */
    this.quiet = undefined;
    /** The item whose question and model answer the page shows. */
    this.questionOf = "";
    this.questionTypeset = false;
    this.modelTypeset = false;
    this.region = byId("answer");
    this.stage = h("div", { class: "stage" });
    this.meta = h("div", { class: "meta" });
    this.answers = new Answers(this.stage, (picture) => openPicture(picture, () => this.leave()));
    this.header = new Header(byId("top"), formgrader, headerActions);
  }

  /** Show the answers instead of a message. */
  open() {
    fill(this.region, this.meta, this.stage);
    byId("desk").classList.add("ready");
  }

  /** Give the focus to the answer. */
  leave() {
    if (!isDialogOpen()) this.region.focus({ preventScroll: true });
  }

  /**
   * Announce a text to screen readers; if it is urgent, also show it.
   * @param {string} words
   * @param {boolean} [isUrgent]
   */
  say(words, isUrgent = false) {
    byId("said").textContent = words;
    if (!isUrgent) return;
    fill(byId("trouble"), h("p", {}, words));
    clearTimeout(this.quiet);
    this.quiet = setTimeout(() => fill(byId("trouble")), URGENT_SHOWN);
  }

  /**
   * Show the server's reason for refusing a request; throw any other error, which is a bug.
   * @param {unknown} error
   * @param {string} [before]
   */
  tell(error, before = "") {
    if (!(error instanceof RefusedError)) throw error;
    this.say(`${before}${error.message}.`, true);
    if (!this.session.queue) this.refuse(`${error.message}. `, "Try again");
  }

  /**
   * Show a message instead of the answers, with a button that starts again.
   * @param {string} words
   * @param {string} button
   */
  refuse(words, button) {
    fill(this.region, h("p", { class: "empty" }, words, h("button", { type: "button", onclick: this.actions.start }, button)));
  }

  // --- the bar at the top, and the line above the answer ---

  showHeader() {
    const { queue, entry, order, filter, names, marker, place } = this.session;
    if (!queue) return;
    const { waiting = 0, trouble = "", savedAt = null } = this.saver ?? {};
    const saving = trouble
      ? `${counted(waiting, "mark")} not saved yet: ${trouble}. Trying again …`
      : waiting ? "Saving …" : savedAt ? "✓ Saved" : "";
    this.header.show({ queue, entry, order, filter, names, marker, saving, isTrouble: trouble !== "", place });
  }

  showMeta() {
    const { entry, names, place } = this.session;
    if (!entry) return;
    /** @type {[boolean, string, string][]} */
    const tags = [
      [entry.flagged, "flagged", "flag"],
      [entry.blank, "blank", ""],
      [entry.changed, "changed since marking", "warn"],
      [entry.typed, "typed in the formgrader", "warn"],
      [entry.differs, "to settle", "warn"],
    ];
    const state = entry.open ? "Unmarked" : `${shownPoints(entry.points ?? 0)} points${entry.marker ? ` by ${entry.marker}` : ""}`;
    fill(this.meta,
      h("button", { type: "button", class: "arrow", "aria-label": "Previous answer", onclick: () => this.actions.move(-1) }, "‹"),
      h("p", { class: "who" }, h("strong", {}, h("span", { class: "word" }, "Answer "), place), names && entry.name && h("span", { class: "name" }, entry.name)),
      h("button", { type: "button", class: "arrow", "aria-label": "Next answer", onclick: () => this.actions.move(1) }, "›"),
      h("p", { class: entry.open ? "state open" : "state" }, state),
      ...tags.filter(([isShown]) => isShown).map(([, words, kind]) => h("span", { class: `tag ${kind}` }, words)),
      h("span", { class: "gap" }),
      h("button", { type: "button", class: "quiet", "aria-expanded": String(!byId("model").hidden), onclick: () => { this.toggleModel(); this.leave(); } }, "Model answer ", h("kbd", {}, "m")));
  }

  // --- the question, the model answer and the pictures ---

  /** @param {ItemView} item */
  showQuestion(item) {
    const known = JSON.stringify([item.name, item.question, item.model]);
    if (this.questionOf === known) return;
    this.questionOf = known;
    const text = byId("question").querySelector("div");
    if (text) {
      fill(text, clean(item.question || "<p>This item has no question of its own.</p>"));
      this.questionTypeset = false;
      if (/** @type {HTMLDetailsElement} */ (byId("question")).open) this.#typesetQuestion();
    }
    const model = byId("model");
    fill(model, h("h2", {}, "Model answer"), h("div", { class: "text", tabindex: 0, role: "region", "aria-label": "Text of the model answer" }, clean(item.model)));
    this.modelTypeset = false;
    if (!model.hidden) this.#typesetModel();
  }

  #typesetQuestion() {
    if (!this.questionTypeset) void typeset(byId("question"));
    this.questionTypeset = true;
  }

  #typesetModel() {
    if (!this.modelTypeset) void typeset(byId("model"));
    this.modelTypeset = true;
  }

  toggleModel() {
    const model = byId("model");
    model.hidden = !model.hidden;
    if (!model.hidden) this.#typesetModel();
    byId("left").classList.toggle("with-model", !model.hidden);
    this.showMeta();
    this.say(model.hidden ? "Model answer hidden" : "Model answer shown");
  }

  toggleQuestion() {
    const question = /** @type {HTMLDetailsElement} */ (byId("question"));
    question.open = !question.open;
    if (question.open) this.#typesetQuestion();
  }

  enlarge() {
    const picture = this.stage.querySelector(".slot.shown img");
    if (picture instanceof HTMLImageElement) openPicture(picture, () => this.leave());
    else this.say("This answer has no picture.");
  }
}
