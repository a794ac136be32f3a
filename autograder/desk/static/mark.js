/** The right side: the rubric's steps, the points, the comment, and notes about the mark. */

/** @import {AnswerView, EvidenceView, ItemView, QueueEntry, RubricStep, Shown} from "./types.js" */
/** @import {Draft} from "./draft.js" */
/** @import {Child} from "./dom.js" */

import { append, clean, counted, fill, h, shownPoints, shownTime } from "./dom.js";
import { typeset } from "./math.js";

/**
 * @typedef {object} Actions what the buttons do
 * @property {() => void} save
 * @property {() => void} changed
 * @property {() => void} flag
 * @property {() => void} undo
 * @property {() => void} leave gives the focus back to the answer
 * @property {() => void} editRubric
 * @property {(remark: string) => void} makeStep
 * @property {() => void} acceptTyped
 * @property {(text: string) => Promise<string>} preview
 */

/** @type {Record<EvidenceView["found"], [sign: string, words: string]>} */
const FOUND = {
  shown: ["✓", "confirmed by tests"],
  "not shown": ["✗", "not confirmed by tests"],
  "not tested": ["○", "not tested"],
};

const CAUSES = new Map([
  ["group", "for equal answers"],
  ["rubric", "by a changed rubric"],
  ["formgrader", "accepted from the formgrader"],
  ["settled", "settled"],
]);

const PREVIEW_AFTER = 400;
const REMARKS_SHOWN = 6;

export class MarkPane {
  /**
   * @param {HTMLElement} root
   * @param {Actions} actions
   */
  constructor(root, actions) {
    this.root = root;
    this.actions = actions;
    /** @type {Draft | null} */
    this.draft = null;
    /** @type {readonly QueueEntry[]} */
    this.equal = [];
    this.rubric = "";
    /** @type {Map<string, {row: HTMLElement, box: HTMLInputElement, note: HTMLElement, evidence: HTMLElement}>} */
    this.steps = new Map();
    /** The comment that the preview shows. */
    this.previewed = "";
    /** @type {number | undefined} */
    this.timer = undefined;
    this.title = h("h2", { class: "item" });
    this.problem = h("p", { class: "problem" });
    this.total = h("p", { class: "total", id: "total" });
    this.notes = h("div", { class: "notes" });
    this.list = h("ol", { class: "steps", "aria-label": "Steps of the rubric" });
    this.edit = this.#button("Edit rubric", "e", actions.editRubric, "quiet");
    this.none = this.#button("None", "0", () => this.#change((draft) => draft.none()));
    this.all = this.#button("All", "a", () => this.#change((draft) => draft.all()));
    this.flag = this.#button("Flag", "f", actions.flag);
    this.undo = this.#button("Undo", "u", actions.undo);
    this.adjustment = h("input", { id: "adjustment", type: "number", step: "0.25", inputmode: "decimal", oninput: () => this.#typed() });
    this.reason = h("input", { id: "reason", type: "text", placeholder: "because …", "aria-label": "Reason for the adjusted points", maxlength: 500, oninput: () => this.#typed() });
    this.comment = h("textarea", { id: "comment", rows: 2, placeholder: "Markdown and $formulas$", oninput: () => this.#typed() });
    this.remarks = h("ul", { class: "remarks", "aria-label": "Earlier comments" });
    this.preview = h("div", { class: "preview text" });
    this.makeStep = this.#button("Make it a step", "", () => actions.makeStep(this.comment.value.trim()), "quiet");
    this.enter = h("button", { type: "button", class: "primary", onclick: actions.save }, h("span", { class: "words" }, "Save and next"), " ", h("kbd", {}, "Enter"));
    this.history = h("details", { class: "history" });
    fill(
      this.root,
      h("div", { class: "headline" }, this.title, this.total),
      h("div", { class: "row about" }, this.problem, this.edit),
      this.notes,
      this.list,
      h("div", { class: "row adjust" }, this.none, this.all, h("span", { class: "gap" }),
        h("label", { for: "adjustment" }, "Adjust ", h("kbd", {}, "p")), this.adjustment, this.reason),
      h("div", { class: "comment" },
        h("div", { class: "row" }, h("label", { for: "comment" }, "Comment ", h("kbd", {}, "c")), h("span", { class: "gap" }), this.makeStep),
        this.comment, this.remarks, this.preview),
      this.history,
      h("div", { class: "row finish" }, this.enter, this.flag, this.undo),
    );
    this.comment.addEventListener("keydown", (event) => {
      const first = this.remarks.querySelector("button");
      const { selectionStart, value } = this.comment;
      if (event.key === "ArrowDown" && first && !value.includes("\n", selectionStart)) {
        event.preventDefault();
        first.focus();
      }
    });
    this.remarks.addEventListener("keydown", (event) => this.#inRemarks(event));
    this.comment.addEventListener("focus", () => this.#offer());
  }

  /**
   * @param {string} words
   * @param {string} key
   * @param {() => void} action
   * @param {string} [kind]
   */
  #button(words, key, action, kind = "") {
    const press = () => {
      action();
      if (document.activeElement === button) this.actions.leave();
    };
    const button = h("button", { type: "button", class: kind, onclick: press }, words, key && " ", key && h("kbd", {}, key));
    return button;
  }

  /**
   * Show the draft of another answer.
   * @param {Draft} draft
   * @param {readonly QueueEntry[]} equal
   */
  show(draft, equal) {
    this.draft = draft;
    this.equal = equal;
    if (this.rubric !== draft.item.rubric) this.#buildSteps(draft.item);
    this.#showNotes();
    this.#showHistory(draft.view);
    for (const [id, parts] of this.steps) fill(parts.evidence, ...evidenceOf(draft.view.evidence[id] ?? []));
    this.preview.replaceChildren();
    this.previewed = "";
    this.#fillFields();
    this.refresh();
    this.root.scrollTop = 0;
  }

  /** @param {ItemView} item */
  #buildSteps(item) {
    this.rubric = item.rubric;
    fill(this.problem, item.problem);
    fill(this.title, item.title, " ", item.bonus && h("span", { class: "tag" }, "bonus"));
    this.steps.clear();
    fill(this.list, ...item.steps.map((step, index) => this.#step(step, index)));
    if (!item.steps.length) {
      fill(this.list, h("li", { class: "empty" }, "This item has no rubric yet. Edit the rubric to add its first step, or adjust the points."));
    }
    void typeset(this.list);
  }

  /**
   * @param {RubricStep} step
   * @param {number} index
   */
  #step(step, index) {
    const box = h("input", { type: "checkbox", "data-step": step.id, onchange: () => this.#change((draft) => draft.toggle(step.id)) });
    const key = h("span", { class: "key", "aria-hidden": "true" }, index < 9 ? index + 1 : "·");
    const note = h("span", { class: "suggestion" });
    const evidence = h("ul", { class: "evidence" });
    const sign = step.points > 0 ? "+" : "";
    const label = h("label", {}, box, key,
      h("span", { class: "words" }, step.text, note),
      h("span", { class: "points" }, `${sign}${shownPoints(step.points)}`));
    const row = h("li", { class: step.points < 0 ? "step deduction" : "step" }, label, evidence);
    // a click focuses the box; Enter must then still save, and digits must still toggle steps
    label.addEventListener("click", (event) => {
      if (event.detail > 0) requestAnimationFrame(() => this.actions.leave());
    });
    this.steps.set(step.id, { row, box, note, evidence });
    return row;
  }

  /** Show the draft's ticks and points. */
  refresh() {
    const { draft } = this;
    if (!draft) return;
    const { ticks, suggested, adjustment } = draft.content;
    const { mark } = draft;
    const { entry } = draft.view;
    for (const [id, { row, box, note }] of this.steps) {
      const isSuggested = suggested.has(id);
      box.checked = ticks.has(id);
      row.classList.toggle("ticked", ticks.has(id));
      row.classList.toggle("suggested", isSuggested);
      if (note.hasChildNodes() !== isSuggested) fill(note, isSuggested && "suggested by tests: Enter accepts it");
    }
    const isOpen = !mark && !draft.isTouched;
    fill(this.total, h("strong", {}, isOpen && !ticks.size ? "–" : shownPoints(draft.points)), ` / ${shownPoints(draft.item.max_points)}`);
    this.total.classList.toggle("draft", draft.isToSave);
    this.total.setAttribute("title", draft.isToSave ? "Not saved yet" : "Saved");
    this.flag.setAttribute("aria-pressed", String(entry.flagged));
    this.reason.required = adjustment !== 0;
    this.reason.hidden = adjustment === 0 && !draft.content.reason;
    this.makeStep.hidden = !draft.content.comment.trim();
    const count = draft.isForAll ? this.equal.length + 1 : 1;
    fill(/** @type {Element} */ (this.enter.querySelector(".words")),
      count > 1 ? `Save for all ${count}` : mark && !draft.isToSave ? "Next" : "Save and next");
    const box = this.notes.querySelector("input");
    if (box) box.checked = draft.isForAll;
  }

  #fillFields() {
    if (!this.draft) return;
    const { adjustment, reason, comment } = this.draft.content;
    this.adjustment.value = adjustment === 0 ? "" : String(adjustment);
    this.reason.value = reason;
    this.comment.value = comment;
    const isInRemarks = this.remarks.contains(document.activeElement);
    fill(this.remarks);
    if (isInRemarks) this.comment.focus();
    void this.#renderPreview();
  }

  /** Show all parts of the draft again. */
  reload() {
    this.#fillFields();
    this.refresh();
  }

  /** @param {(draft: Draft) => void} change */
  #change(change) {
    if (!this.draft) return;
    change(this.draft);
    this.refresh();
    this.actions.changed();
  }

  #typed() {
    if (!this.draft) return;
    const adjustment = Number(this.adjustment.value) || 0;
    this.draft.type({ adjustment, reason: this.reason.value, comment: this.comment.value });
    this.refresh();
    this.#offer();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#renderPreview(), PREVIEW_AFTER);
    this.actions.changed();
  }

  /** Show a preview of the comment if the student will not see it exactly as typed. */
  async #renderPreview() {
    const text = this.comment.value.trim();
    const isPlain = !/[$*_`#\\<>|~\n-]/.test(text);
    if (isPlain || this.previewed === text) {
      if (isPlain) fill(this.preview);
      this.previewed = isPlain ? "" : text;
      return;
    }
    this.previewed = text;
    const html = await this.actions.preview(text).catch(() => "");
    if (this.previewed === text && html) {
      fill(this.preview, h("p", { class: "hint" }, "The student sees:"), clean(html));
      if (document.activeElement === this.comment) this.preview.scrollIntoView({ block: "nearest" });
    }
  }

  /** Offer earlier comments that contain the typed text, the most frequent first. */
  #offer() {
    const typed = this.comment.value.trim().toLowerCase();
    const words = typed.split(/\s+/).filter(Boolean);
    const offered = (this.draft?.item.remarks ?? [])
      .filter(({ text }) => text.toLowerCase() !== typed && words.every((word) => text.toLowerCase().includes(word)))
      .slice(0, REMARKS_SHOWN);
    fill(this.remarks, ...offered.map(({ text, count }) =>
      h("li", {}, h("button", { type: "button", onclick: () => this.#useRemark(text) },
        h("span", { class: "words" }, text), h("span", { class: "count" }, `${count}×`)))));
  }

  /** @param {string} text */
  #useRemark(text) {
    this.comment.value = text;
    this.#typed();
    fill(this.remarks);
    this.comment.focus();
    fill(this.remarks);
  }

  /** @param {KeyboardEvent} event */
  #inRemarks(event) {
    const buttons = [...this.remarks.querySelectorAll("button")];
    const index = buttons.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
    if (isWritten(event)) { // the marker is typing: the key must not act as a shortcut
      event.stopPropagation();
      this.comment.focus();
      return;
    }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    const next = index + (event.key === "ArrowDown" ? 1 : -1);
    (buttons[next] ?? (next < 0 ? this.comment : buttons[index]))?.focus();
  }

  // --- notes about the mark ---

  #showNotes() {
    const { draft, equal, actions } = this;
    if (!draft) return;
    const { mark } = draft;
    const { entry, earlier, typed, differing } = draft.view;
    /** @type {Child[]} */
    const notes = [];
    if (differing.length) {
      notes.push(this.#choices("These marks differ: choose one, or tick the steps, then press Enter.", [...(mark ? [mark] : []), ...differing]));
    }
    if (typed && !differing.length) {
      const points = typed.points === null ? "no points" : counted(typed.points, "point");
      notes.push(h("div", { class: "note" },
        h("p", {}, h("strong", {}, `Somebody typed ${points} in the formgrader.`), typed.comment && ` “${typed.comment}”`),
        h("p", {}, "Accept it, or mark with the rubric to replace it."),
        typed.points !== null && this.#button(`Accept ${shownPoints(typed.points)}`, "", actions.acceptTyped)));
    }
    if (earlier) {
      notes.push(this.#choices("The text was changed after it was marked. The earlier mark:", [earlier]));
    }
    if (equal.length) {
      const box = h("input", { type: "checkbox", onchange: () => { draft.isForAll = box.checked; this.refresh(); actions.leave(); } });
      const what = entry.blank ? `${counted(equal.length + 1, "answer")} are blank` : `${equal.length + 1} answers are the same`;
      notes.push(h("label", { class: "note group" }, box, h("span", {}, h("strong", {}, what), ": mark all of them "), h("kbd", {}, "g")));
    } else if (entry.blank && !mark) {
      notes.push(h("p", { class: "note" }, entry.open ? "This answer is blank: Enter gives 0 points." : "This answer is blank and has 0 points."));
    }
    if (entry.role === "second") notes.push(h("p", { class: "note" }, "You are the second marker: you don't see the first mark."));
    for (const warning of draft.view.warnings) notes.push(h("p", { class: "note warning" }, warning));
    fill(this.notes, ...notes);
  }

  /**
   * @param {string} words
   * @param {readonly Shown[]} marks
   */
  #choices(words, marks) {
    const { draft } = this;
    const names = new Map(draft?.item.steps.map((step, index) => [step.id, index + 1]));
    /** @param {Shown} mark */
    const card = (mark) => h("div", { class: "choice" },
      h("p", {}, h("strong", {}, `${mark.marker || "Unknown"}: ${shownPoints(mark.points)}`), ` ${shownTime(mark.time)}`),
      h("p", { class: "ticks" }, ticksInWords(mark, names)),
      mark.comment && h("p", { class: "said" }, mark.comment),
      this.#button(`Use ${possessive(mark.marker)}`, "", () => { draft?.take(mark); this.reload(); }));
    return h("div", { class: "note settle" }, h("p", {}, words), h("div", { class: "choices" }, ...marks.map(card)));
  }

  /** @param {AnswerView} view */
  #showHistory(view) {
    this.history.hidden = !view.history.length;
    fill(this.history, h("summary", {}, `History (${view.history.length})`),
      h("ol", {}, ...[...view.history].reverse().map((mark) => h("li", {},
        h("span", { class: "when" }, shownTime(mark.time)), ` ${mark.marker || "Unknown"}: `,
        h("strong", {}, mark.ticks === null ? "no mark" : shownPoints(mark.points)),
        mark.flagged && " flagged", CAUSES.has(mark.cause) && ` (${CAUSES.get(mark.cause)})`,
        mark.reason && h("span", { class: "said" }, ` ${mark.reason}`),
        mark.comment && h("span", { class: "said" }, ` “${mark.comment}”`)))));
  }
}

/**
 * @param {readonly EvidenceView[]} found
 * @returns {HTMLElement[]}
 */
function evidenceOf(found) {
  return found.map((each) => {
    const [sign, words] = FOUND[each.found];
    return h("li", { class: each.found.replace(" ", "-") },
      h("span", { "aria-hidden": "true" }, sign), " ", each.text, h("span", { class: "unseen" }, ` (${words})`));
  });
}

/**
 * @param {Shown} mark
 * @param {Map<string, number>} names
 */
export function ticksInWords(mark, names) {
  const ticks = (mark.ticks ?? []).map((id) => names.get(id) ?? "?").sort();
  const steps = ticks.length ? `step${ticks.length > 1 ? "s" : ""} ${ticks.join(", ")}` : "no step";
  return mark.adjustment ? `${steps}, adjusted by ${shownPoints(mark.adjustment)}: ${mark.reason}` : steps;
}

/**
 * Return whether a key changes the text in a field; a space presses the button that has the focus.
 * @param {KeyboardEvent} event
 */
function isWritten({ key, ctrlKey, metaKey, altKey }) {
  const isLetter = [...key].length === 1 && key !== " ";
  return (isLetter || key === "Backspace" || key === "Delete") && !ctrlKey && !metaKey && !altKey;
}

/** @param {string} name */
function possessive(name) {
  return name ? `${name}’s` : "this";
}

/**
 * Return the conflict's two marks side by side.
 * @param {string} words
 * @param {Shown | null} mark
 * @param {Map<string, number>} names
 */
export function card(words, mark, names) {
  const body = h("div", { class: "choice" }, h("p", {}, h("strong", {}, words)));
  append(body, mark
    ? h("p", { class: "figure" }, mark.ticks === null ? "no mark" : shownPoints(mark.points))
    : h("p", { class: "figure" }, "no mark"));
  append(body, mark && mark.ticks !== null && h("p", { class: "ticks" }, ticksInWords(mark, names)),
    mark?.comment && h("p", { class: "said" }, `“${mark.comment}”`));
  return body;
}
