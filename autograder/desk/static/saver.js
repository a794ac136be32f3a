/** Save marks in the background, in order; try again if the server does not answer. */

/** @import {Api} from "./api.js" */
/** @import {AnswerView, Given} from "./types.js" */

import { ConflictError, RefusedError } from "./api.js";
import { isSame } from "./draft.js";

const LONGEST_WAIT = 15_000;

/**
 * @typedef {object} Saving
 * @property {Record<string, Given>} given
 * @property {"desk" | "formgrader"} cause
 */

export class Saver {
  /**
   * @param {Api} api
   * @param {() => void} onchange called when the state below changes
   */
  constructor(api, onchange) {
    this.api = api;
    this.onchange = onchange;
    /** Number of answers whose marks are not saved yet. */
    this.waiting = 0;
    /** The reason why the last attempt failed; empty if it succeeded. */
    this.trouble = "";
    /** @type {number | null} */
    this.savedAt = null;
    /**
     * The state after each mark of this page, by the answer's id and its state before the mark.
     * Equal answers have equal states.
     * @type {Map<string, string>}
     */
    this.states = new Map();
    /** @type {Promise<unknown>} */
    this.last = Promise.resolve();
  }

  /**
   * Save marks after those that are being saved now; return the saved answers.
   * Throws RefusedError, or its subclass ConflictError, if nothing was saved.
   * @param {Saving} saving
   * @returns {Promise<readonly AnswerView[]>}
   */
  save(saving) {
    const count = Object.keys(saving.given).length;
    this.waiting += count;
    this.onchange();
    const result = this.last.then(() => this.#repeat(saving));
    this.last = result.then(
      () => this.#done(count, true),
      () => this.#done(count, false),
    );
    return result;
  }

  /**
   * @param {number} count
   * @param {boolean} isSaved
   */
  #done(count, isSaved) {
    this.waiting -= count;
    this.trouble = "";
    this.savedAt = isSaved ? Date.now() : null;
    this.onchange();
  }

  /**
   * @param {Saving} saving
   * @returns {Promise<readonly AnswerView[]>}
   */
  async #repeat(saving) {
    for (let wait = 500; ; wait = Math.min(2 * wait, LONGEST_WAIT)) {
      try {
        return this.#note(saving, await this.#send(saving));
      } catch (error) {
        if (error instanceof ConflictError) return this.#note(saving, arrived(saving, error));
        if (!(error instanceof RefusedError) || !error.mayPass) throw error;
        this.trouble = error.message;
        this.onchange();
        await new Promise((done) => setTimeout(done, wait));
      }
    }
  }

  /**
   * @param {Saving} saving
   * @returns {Promise<readonly AnswerView[]>}
   */
  async #send({ given, cause }) {
    const known = Object.entries(given).map(
      ([id, each]) => /** @type {[string, Given]} */ ([id, { ...each, state: this.#now(id, each.state) }]),
    );
    const [first] = known;
    if (known.length === 1 && first) return [await this.api.save(first[0], first[1], cause)];
    return this.api.saveAll(Object.fromEntries(known));
  }

  /**
   * Return an answer's state after the marks that this page itself has saved.
   * @param {string} id
   * @param {string} state
   */
  #now(id, state) {
    for (let next = this.states.get(id + state); next !== undefined; next = this.states.get(id + state)) state = next;
    return state;
  }

  /**
   * @param {Saving} saving
   * @param {readonly AnswerView[]} views
   */
  #note({ given }, views) {
    for (const { entry, state } of views) {
      const before = this.#now(entry.id, given[entry.id]?.state ?? "");
      if (before !== state) this.states.set(entry.id + before, state);
    }
    return views;
  }
}

/**
 * Return the newest answers if they already hold the sent marks: then only the server's reply got
 * lost, for example in a restart. Otherwise throw the conflict.
 * @param {Saving} saving
 * @param {ConflictError} conflict
 * @returns {readonly AnswerView[]}
 */
function arrived(saving, conflict) {
  const isHere = conflict.answers.length > 0 && conflict.answers.every((view) => {
    const given = saving.given[view.entry.id];
    const mine = view.entry.role === "second" ? view.history.at(-1) ?? null : view.mark;
    return given !== undefined && isSame(mine, given);
  });
  if (!isHere) throw conflict;
  return conflict.answers;
}
