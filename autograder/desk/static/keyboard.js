/** The desk's keyboard shortcuts. */

import { isDialogOpen } from "./dialogs.js";
import { byId, isField, keyOf } from "./dom.js";

/**
 * @typedef {object} KeyActions
 * @property {(index: number) => (() => void) | null} step what the digit key of a step does
 * @property {() => void} save
 * @property {() => void} back
 * @property {() => void} leave
 * @property {Record<string, () => void>} others what the other keys do
 */

export class Keyboard {
  /** @param {KeyActions} actions */
  constructor(actions) {
    this.actions = actions;
    document.addEventListener("keydown", (event) => this.#key(event));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (isDialogOpen() || event.defaultPrevented || event.isComposing) return;
    const target = event.target instanceof Element ? event.target : null;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.actions.save();
      return;
    }
    if (event.key === "Escape") {
      this.actions.leave();
      byId("right").scrollTop = 0;
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || isField(target)) return;
    if (event.key === "Enter" && target?.closest("button, a, summary, select")) return;
    const action = this.#action(event);
    if (!action) return;
    event.preventDefault();
    if (!event.repeat || event.key.startsWith("Arrow")) action();
  }

  /**
   * @param {KeyboardEvent} event
   * @returns {(() => void) | null}
   */
  #action(event) {
    const { step, save, back, others } = this.actions;
    const { shiftKey } = event;
    const key = keyOf(event);
    if (/^[1-9]$/.test(key)) return step(Number(key) - 1);
    if (key === "Enter") return shiftKey ? back : save;
    return Object.hasOwn(others, key) ? others[key] ?? null : null;
  }
}
