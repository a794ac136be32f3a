/** Send requests and marks to the server. */

/** @import {AnswerView, Change, Conflict, Given, Queue, RubricChange} from "./types.js" */

/** The server refused a request or did not answer; the message is for the marker. */
export class RefusedError extends Error {
  /**
   * @param {string} message
   * @param {number} status
   */
  constructor(message, status) {
    super(message);
    this.status = status;
  }

  /** Whether it may help to try again later. */
  get mayPass() {
    return this.status === 0 || this.status >= 500;
  }
}

/** Somebody else has changed the answer or the rubric since the page loaded it. */
export class ConflictError extends RefusedError {
  /** @param {Conflict} conflict */
  constructor(conflict) {
    super(conflict.message, 409);
    this.answers = conflict.answers;
  }
}

export class Api {
  /**
   * @param {string} base address of the homework's desk
   * @param {() => {marker: string, names: boolean}} who
   */
  constructor(base, who) {
    this.base = base;
    this.who = who;
  }

  /** @returns {Promise<Queue>} */
  queue() {
    return this.#ask("GET", "queue");
  }

  /**
   * @param {string} id
   * @returns {Promise<AnswerView>}
   */
  answer(id) {
    return this.#ask("GET", `answer/${id}`);
  }

  /**
   * @param {string} id
   * @param {Given} given
   * @param {"desk" | "formgrader"} cause
   * @returns {Promise<AnswerView>}
   */
  save(id, given, cause) {
    return this.#ask("PUT", `answer/${id}`, given, { cause });
  }

  /**
   * @param {Record<string, Given>} given
   * @returns {Promise<AnswerView[]>}
   */
  saveAll(given) {
    return this.#ask("PUT", "answers", given);
  }

  /**
   * @param {string} item
   * @param {RubricChange} change
   * @returns {Promise<Change[]>}
   */
  changeRubric(item, change) {
    return this.#ask("POST", `rubric/${encodeURIComponent(item)}`, change);
  }

  /**
   * @param {string} text
   * @returns {Promise<string>}
   */
  async preview(text) {
    return (await this.#ask("POST", "preview", { text })).html;
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body]
   * @param {Record<string, string>} [more]
   * @returns {Promise<any>}
   */
  async #ask(method, path, body, more = {}) {
    const { marker, names } = this.who();
    const query = new URLSearchParams({ marker, names: names ? "1" : "", ...more });
    /** @type {Response} */
    let response;
    try {
      response = await fetch(`${this.base}/api/${path}?${query}`, {
        method,
        credentials: "same-origin",
        cache: "no-store",
        headers: { "X-XSRFToken": cookie("_xsrf"), "Content-Type": "application/json" },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
    } catch {
      throw new RefusedError("the server does not answer", 0);
    }
    const found = await response.json().catch(() => null);
    if (response.ok && found !== null) return found;
    if (response.status === 409 && found) throw new ConflictError(found);
    if (response.status === 403) {
      throw new RefusedError("the server no longer knows you: open the desk's address again", 403);
    }
    throw new RefusedError(found?.message ?? `the server answered ${response.status}`, response.status);
  }
}

/**
 * Return a cookie's value; empty if there is none.
 * @param {string} name
 * @returns {string}
 */
function cookie(name) {
  const found = document.cookie.split("; ").find((each) => each.startsWith(`${name}=`));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
}
