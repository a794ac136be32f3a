/** The region that shows one answer; it holds others invisibly, with their formulas typeset. */

/** @import {AnswerView} from "./types.js" */

import { clean, h, icon } from "./dom.js";
import { hurry, typeset } from "./math.js";

/** Number of answers to keep in the page. */
const KEPT = 14;

/**
 * @typedef {object} Slot
 * @property {HTMLElement} article
 * @property {AnswerView} view
 * @property {Promise<void>} ready
 */

const LARGER = "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5";

export class Answers {
  /**
   * @param {HTMLElement} stage
   * @param {(picture: HTMLImageElement) => void} enlarge
   */
  constructor(stage, enlarge) {
    this.stage = stage;
    this.enlarge = enlarge;
    /** @type {Map<string, Slot>} */
    this.slots = new Map();
  }

  /**
   * Return the answer if the page holds it, else null.
   * @param {string} id
   * @returns {AnswerView | null}
   */
  known(id) {
    return this.slots.get(id)?.view ?? null;
  }

  /**
   * Put an answer into the page; its formulas are typeset when `ready` is done.
   * @param {AnswerView} view
   * @returns {Slot}
   */
  put(view) {
    const id = view.entry.id;
    const before = this.slots.get(id);
    if (before && before.view.html === view.html) {
      before.view = view;
      this.slots.delete(id);
      this.slots.set(id, before);
      return before;
    }
    const article = h("div", { class: "slot text", "data-id": id });
    article.append(this.#body(view));
    if (before) before.article.replaceWith(article);
    else this.stage.append(article);
    if (before?.article.classList.contains("shown")) article.classList.add("shown");
    const slot = { article, view, ready: typeset(article, "later") };
    this.slots.set(id, slot);
    this.#evict();
    return slot;
  }

  /** @param {AnswerView} view */
  #body(view) {
    if (view.entry.blank) {
      return h("p", { class: "blank" }, "Nothing was written here.");
    }
    const body = clean(view.html);
    for (const picture of body.querySelectorAll("img")) {
      const name = picture.getAttribute("alt") || "Picture";
      picture.setAttribute("alt", name);
      const button = h("button", { type: "button", class: "enlarge", "aria-label": `Enlarge or rotate: ${name}` }, icon(LARGER));
      const frame = h("span", { class: "picture" });
      picture.replaceWith(frame);
      frame.append(picture, button);
      const open = () => this.enlarge(picture);
      picture.addEventListener("click", open);
      button.addEventListener("click", open);
    }
    return body;
  }

  /**
   * Show an answer that the page holds.
   * @param {string} id
   */
  show(id) {
    for (const each of this.stage.querySelectorAll(".slot.shown")) each.classList.remove("shown");
    const article = this.slots.get(id)?.article;
    if (!article) return;
    article.classList.add("shown");
    hurry(article);
  }

  /**
   * Remove an answer, so that it is fetched again.
   * @param {string} id
   */
  drop(id) {
    this.slots.get(id)?.article.remove();
    this.slots.delete(id);
  }

  /** Remove all answers that are not shown. */
  clear() {
    for (const [id, slot] of this.slots) if (!slot.article.classList.contains("shown")) this.drop(id);
  }

  #evict() {
    for (const [id, slot] of this.slots) {
      if (this.slots.size <= KEPT) return;
      if (!slot.article.classList.contains("shown")) this.drop(id);
    }
  }
}
