/** The mark that a marker is about to give to one answer; nothing here is saved. */

/** @import {AnswerView, Given, ItemView, Shown} from "./types.js" */

/**
 * @typedef {object} Content
 * @property {ReadonlySet<string>} ticks
 * @property {ReadonlySet<string>} suggested ticks that hidden tests suggest, not accepted yet
 * @property {number} adjustment
 * @property {string} reason
 * @property {string} comment
 */

export class Draft {
  /**
   * @param {AnswerView} view what the marker sees
   * @param {ItemView} item
   */
  constructor(view, item) {
    this.view = view;
    this.item = item;
    /** The mark of this text; null if it is not marked, although it may be flagged. */
    this.mark = view.mark && view.mark.ticks !== null ? view.mark : null;
    this.isTouched = false;
    /** Whether a text or the adjustment was typed. */
    this.isTyped = false;
    /** @type {Content[]} */
    this.past = [];
    this.content = this.#start();
    /** Whether the mark is for all equal answers; blank answers are marked together. */
    this.isForAll = view.entry.blank && view.entry.open;
  }

  /** @returns {Content} */
  #start() {
    if (this.mark) return contentOf(this.mark);
    const known = new Set(this.view.entry.blank ? [] : this.item.steps.map((step) => step.id));
    const suggested = new Set(this.view.suggested.filter((id) => known.has(id)));
    return { ticks: suggested, suggested, adjustment: 0, reason: "", comment: "" };
  }

  /**
   * Return the content as a draft for the newest view of the same answer.
   * @param {AnswerView} view
   * @param {ItemView} item
   */
  movedTo(view, item) {
    const next = new Draft(view, item);
    next.content = this.content;
    next.isTyped = this.isTyped;
    next.isTouched = true;
    return next;
  }

  /** The points that the mark gives: at least 0, at most the item's maximum. */
  get points() {
    const { ticks, adjustment } = this.content;
    const sum = this.item.steps.reduce((all, step) => all + (ticks.has(step.id) ? step.points : 0), adjustment);
    return Math.min(Math.max(Math.round(sum * 1e6) / 1e6, 0), this.item.max_points);
  }

  /** Whether Enter has something to save. */
  get isToSave() {
    const { mark } = this;
    const { entry } = this.view;
    return this.isTouched || (!mark && (this.content.suggested.size > 0 || (entry.blank && entry.open)));
  }

  /** @param {Partial<Content>} change */
  change(change) {
    this.past.push(this.content);
    this.content = { ...this.content, ...change };
    this.isTouched = true;
  }

  /**
   * Change a text or a number; undoing ticks later keeps this change.
   * @param {Partial<Content>} change
   */
  type(change) {
    this.content = { ...this.content, ...change };
    this.past = this.past.map((each) => ({ ...each, ...change }));
    this.isTyped = true;
    this.isTouched = true;
  }

  /** @param {string} id */
  toggle(id) {
    const ticks = new Set(this.content.ticks);
    const suggested = new Set(this.content.suggested);
    suggested.delete(id);
    if (!ticks.delete(id)) ticks.add(id);
    this.change({ ticks, suggested });
  }

  none() {
    this.change({ ticks: new Set(), suggested: new Set() });
  }

  /** Tick all steps that give points. */
  all() {
    const ticks = new Set(this.item.steps.filter((step) => step.points > 0).map((step) => step.id));
    this.change({ ticks, suggested: new Set() });
  }

  /** @param {Shown} mark */
  take(mark) {
    const known = new Set(this.item.steps.map((step) => step.id));
    const content = contentOf(mark);
    this.change({ ...content, ticks: new Set([...content.ticks].filter((id) => known.has(id))) });
  }

  /**
   * Undo the last change of ticks; return false if there is none.
   * @returns {boolean}
   */
  undo() {
    const before = this.past.pop();
    if (!before) return false;
    this.content = before;
    this.isTouched = this.past.length > 0 || this.isTyped;
    return true;
  }

  /**
   * Return the mark in the form that the server expects.
   * @param {string} marker
   * @returns {Given}
   */
  given(marker) {
    const { ticks, adjustment, reason, comment } = this.content;
    return {
      marker,
      state: this.view.state,
      ticks: this.item.steps.map((step) => step.id).filter((id) => ticks.has(id)),
      rubric: this.item.rubric,
      adjustment,
      reason,
      comment,
      flagged: this.view.mark?.flagged ?? this.view.entry.flagged,
    };
  }
}

/**
 * @param {Shown} mark
 * @returns {Content}
 */
function contentOf(mark) {
  const { adjustment, reason, comment } = mark;
  return { ticks: new Set(mark.ticks ?? []), suggested: new Set(), adjustment, reason, comment };
}

/**
 * Return a message that gives an earlier mark again, or withdraws the mark if there was none.
 * @param {Shown | null} mark
 * @param {string} marker
 * @param {string} state
 * @returns {Given}
 */
export function again(mark, marker, state) {
  return {
    marker,
    state,
    ticks: mark?.ticks ?? null,
    rubric: "",
    adjustment: mark?.adjustment ?? 0,
    reason: mark?.reason ?? "",
    comment: mark?.comment ?? "",
    flagged: mark?.flagged ?? false,
  };
}

/**
 * Return whether a stored mark is the one that was sent.
 * @param {Shown | null} mark
 * @param {Given} given
 * @returns {boolean}
 */
export function isSame(mark, given) {
  if (!mark) return given.ticks === null && !given.flagged;
  return (
    mark.marker === given.marker
    && JSON.stringify([...(mark.ticks ?? ["none"])].sort()) === JSON.stringify([...(given.ticks ?? ["none"])].sort())
    && mark.adjustment === given.adjustment
    && mark.reason.trim() === given.reason.trim()
    && mark.comment.trim() === given.comment.trim()
    && mark.flagged === given.flagged
  );
}
