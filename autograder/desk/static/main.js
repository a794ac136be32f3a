/** The marking desk: one answer at a time, marked by keyboard or mouse. */

/** @import {AnswerView, Given, ItemView, Queue, QueueEntry, Shown} from "./types.js" */
/** @import {Order} from "./queue.js" */

import { Answers } from "./answers.js";
import { Api, ConflictError, RefusedError } from "./api.js";
import { isDialogOpen, openConflict, openHelp, openName, openPicture } from "./dialogs.js";
import { byId, clean, counted, fill, h, shownPoints } from "./dom.js";
import { again, Draft } from "./draft.js";
import { Header } from "./header.js";
import { MarkPane } from "./mark.js";
import { loadMathJax, typeset } from "./math.js";
import { equals, FILTERS, following, neighbour, ORDERS, passes, sequence, upcoming } from "./queue.js";
import { openRubricEditor } from "./rubriceditor.js";
import { Saver } from "./saver.js";

/** Number of answers to fetch ahead. */
const AHEAD = 4;

/** Milliseconds between two looks at what others have marked. */
const REFRESH = 15_000;

const UNDO_KEPT = 100;

/** @typedef {{ids: string[], before: Map<string, Shown | null>}} Done */

class App {
  constructor() {
    const { homework = "", base = "", mathjax = "", formgrader = "" } = document.body.dataset;
    this.homework = homework;
    this.marker = localStorage.getItem("fdl-desk-marker") ?? "";
    this.names = localStorage.getItem("fdl-desk-names") === "1";
    const order = localStorage.getItem("fdl-desk-order") ?? "item";
    /** @type {Order} */
    this.order = order in ORDERS ? /** @type {Order} */ (order) : "item";
    this.filter = "all";
    this.api = new Api(base, () => ({ marker: this.marker, names: this.names }));
    this.saver = new Saver(this.api, () => this.#showHeader());
    /** @type {Queue | null} */
    this.queue = null;
    /** @type {Map<string, QueueEntry>} */
    this.entries = new Map();
    /** @type {QueueEntry[] | null} */
    this.list = null;
    /** @type {Map<string, Promise<AnswerView>>} */
    this.asked = new Map();
    /** Drafts that were left without Enter. @type {Map<string, Draft>} */
    this.drafts = new Map();
    /** @type {Draft | null} */
    this.draft = null;
    this.current = "";
    /** @type {string[]} */
    this.visited = [];
    /** @type {Done[]} */
    this.done = [];
    this.isRefreshing = false;
    /** Number of changes of the queue that this page knows of. */
    this.changes = 0;
    /** What to say before the next answer is announced. */
    this.before = "";
    /** The points that were announced last. */
    this.said = "";
    /** @type {number | undefined} */
    this.quiet = undefined;
    /** The item whose question and model answer the page holds. */
    this.questionOf = "";
    this.questionTypeset = false;
    this.modelTypeset = false;
    this.region = byId("answer");
    this.stage = h("div", { class: "stage" });
    this.meta = h("div", { class: "meta" });
    this.answers = new Answers(this.stage, (picture) => openPicture(picture, () => this.leave()));
    this.header = new Header(byId("top"), formgrader, {
      item: (name) => this.#goToItem(name),
      order: (value) => this.#setOrder(value),
      filter: (value) => this.#setFilter(value),
      names: (shown) => this.#setNames(shown),
      marker: () => this.#askName(),
      help: () => openHelp(() => this.leave()),
      leave: () => this.leave(),
    });
    this.pane = new MarkPane(byId("right"), {
      save: () => this.save(),
      changed: () => this.#touched(),
      flag: () => this.flag(),
      undo: () => this.undo(),
      leave: () => this.leave(),
      editRubric: () => this.editRubric(""),
      makeStep: (remark) => this.editRubric(remark),
      acceptTyped: () => this.#acceptTyped(),
      preview: (text) => this.api.preview(text),
    });
    void loadMathJax(mathjax);
    document.addEventListener("keydown", (event) => this.#key(event));
    document.addEventListener("visibilitychange", () => { if (!document.hidden) void this.refresh(); });
    addEventListener("beforeunload", (event) => { if (this.saver.waiting || this.#isUnsaved) event.preventDefault(); });
    addEventListener("hashchange", () => this.#fromAddress());
    setInterval(() => { if (!document.hidden) void this.refresh(); }, REFRESH);
  }

  async start() {
    if (!this.marker) {
      await new Promise((named) => openName("", (name) => this.#setMarker(name), () => named(undefined)));
      if (!this.marker) {
        fill(this.region, h("p", { class: "empty" }, "The desk needs your name. ", h("button", { type: "button", onclick: () => this.start() }, "Type it")));
        return;
      }
    }
    if (!(await this.#load())) return;
    fill(this.region, this.meta, this.stage);
    byId("desk").classList.add("ready");
    if (!this.#fromAddress()) this.#goOn(null);
  }

  /** Ask for the queue; return whether it came. */
  async #load() {
    try {
      this.#take(await this.api.queue());
      return true;
    } catch (error) {
      this.#tell(error);
      return false;
    }
  }

  /** @param {Queue} queue */
  #take(queue) {
    this.queue = queue;
    this.entries = new Map(queue.answers.map((entry) => [entry.id, entry]));
    this.list = null;
  }

  // --- which answer ---

  /** The answers that pass the filter, in order. */
  get sequence() {
    this.list ??= this.queue ? sequence([...this.entries.values()], this.queue.items, this.order, this.filter, this.marker, this.current) : [];
    return this.list;
  }

  /** @returns {QueueEntry | null} */
  get entry() {
    return this.entries.get(this.current) ?? null;
  }

  /** Whether a comment, a reason or an adjustment was typed and not saved. */
  get #isUnsaved() {
    return [...this.drafts.values()].some((each) => each.isTyped);
  }

  /** @param {string} name */
  item(name) {
    const found = this.queue?.items.find((each) => each.name === name);
    if (!found) throw new Error(`no item ${name}`);
    return found;
  }

  /** @param {QueueEntry | null} from */
  #goOn(from) {
    const id = following(this.sequence, from, this.order, this.filter);
    if (id) void this.show(id);
    else this.#end();
  }

  #end() {
    const isFiltered = this.filter !== "all" && this.filter !== "unmarked";
    const words = isFiltered ? `No more answers: ${FILTERS[this.filter] ?? "with these points"}.` : "All answers are marked.";
    this.say(words);
    if (this.current && this.entry) {
      this.before += `${words} `;
      const view = this.answers.known(this.entry.id);
      if (view) this.#present(view);
    } else if (this.sequence[0]) {
      void this.show(this.sequence[0].id);
      return;
    } else {
      fill(this.meta, h("p", { class: "empty" }, this.queue?.answers.length ? words : `There are no answers yet: run fdl grade ${this.homework} first.`));
      this.#showHeader();
    }
    fill(byId("trouble"), h("p", { class: "good" }, words));
    setTimeout(() => fill(byId("trouble")), 4000);
    this.leave();
  }

  /**
   * Show an answer; at once if it was fetched ahead.
   * @param {string} id
   * @param {boolean} [isBack]
   */
  async show(id, isBack = false) {
    const entry = this.entries.get(id);
    if (!entry) return;
    if (this.current && this.current !== id && !isBack) this.visited.push(this.current);
    this.current = id;
    this.list = null;
    const known = this.answers.known(id);
    if (known) {
      this.#present(known);
      return;
    }
    this.answers.show("");
    fill(this.meta, h("p", { class: "empty" }, "Loading …"));
    this.leave();
    try {
      const view = await this.fetch(id);
      if (this.current === id) this.#present(view);
    } catch (error) {
      if (this.current === id) fill(this.meta, h("p", { class: "empty" }, "This answer could not be loaded. ", h("button", { type: "button", onclick: () => this.show(id, true) }, "Try again")));
      this.#tell(error);
    }
  }

  /**
   * Return an answer, which is then in the page.
   * @param {string} id
   * @returns {Promise<AnswerView>}
   */
  fetch(id) {
    const known = this.answers.known(id);
    if (known) return Promise.resolve(known);
    let asked = this.asked.get(id);
    if (!asked) {
      asked = this.api.answer(id).then((view) => {
        this.answers.put(view);
        return view;
      }).finally(() => this.asked.delete(id));
      this.asked.set(id, asked);
    }
    return asked;
  }

  /** @param {AnswerView} view */
  #present(view) {
    const entry = this.entries.get(view.entry.id) ?? view.entry;
    const kept = this.drafts.get(entry.id);
    const item = this.item(entry.item);
    const isKept = kept && kept.view.state === view.state && kept.item.rubric === item.rubric;
    this.draft = isKept ? kept : new Draft(view, item);
    this.answers.put(view);
    this.answers.show(entry.id);
    this.#showQuestion(item);
    this.pane.show(this.draft, equals([...this.entries.values()], entry));
    this.#showMeta();
    this.#showHeader();
    this.region.setAttribute("aria-label", `Answer to ${item.title}`);
    byId("left").scrollTop = 0;
    this.leave();
    history.replaceState(null, "", `#${encodeURIComponent(entry.item)}/${entry.id}`);
    this.say(this.before + this.#inWords(entry, item));
    this.before = "";
    requestAnimationFrame(() => setTimeout(() => this.#prefetch(), 0));
  }

  /**
   * @param {QueueEntry} entry
   * @param {ItemView} item
   */
  #inWords(entry, item) {
    const state = entry.open ? "unmarked" : `${shownPoints(entry.points ?? 0)} points`;
    const marks = [entry.flagged && "flagged", entry.blank && "blank", entry.changed && "changed since marking", entry.differs && "to settle"];
    return [`${item.title}, ${this.#place()}`, state, ...marks.filter(Boolean)].join(", ");
  }

  #place() {
    const { entry } = this;
    if (!entry) return "";
    const isPart = this.filter === "all" || this.filter === "unmarked";
    const all = isPart ? this.entriesLike(entry) : this.sequence;
    return `${all.findIndex((each) => each.id === entry.id) + 1} of ${all.length}`;
  }

  /**
   * Return all answers of the same item or, student by student, of the same student.
   * @param {QueueEntry} entry
   */
  entriesLike(entry) {
    const all = this.filter === "unmarked" && this.queue
      ? sequence([...this.entries.values()], this.queue.items, this.order, "all", this.marker)
      : this.sequence;
    return all.filter((each) => (this.order === "student" ? each.person === entry.person : each.item === entry.item));
  }

  #prefetch() {
    const { entry } = this;
    if (!entry) return;
    const back = this.visited.at(-1);
    const ids = [
      ...upcoming(this.sequence, entry, this.order, this.filter, AHEAD),
      neighbour(this.sequence, entry, 1),
      ...(back ? [back] : []),
      neighbour(this.sequence, entry, -1),
    ];
    for (const id of new Set(ids)) {
      if (id && !this.answers.known(id)) void this.fetch(id).catch(() => undefined);
    }
  }

  /** Go back to the answer that was shown before, without saving. */
  back() {
    let id = this.visited.pop();
    while (id && !this.entries.has(id)) id = this.visited.pop();
    const before = id ?? (this.entry && neighbour(this.sequence, this.entry, -1));
    if (before) void this.show(before, true);
    else this.say("This is the first answer.");
  }

  /** @param {1 | -1} step */
  move(step) {
    const id = this.entry && neighbour(this.sequence, this.entry, step);
    if (id) void this.show(id);
    else this.say(step > 0 ? "This is the last answer." : "This is the first answer.");
  }

  /** @param {string} name */
  #goToItem(name) {
    const mine = this.sequence.filter((each) => each.item === name);
    const id = (mine.find((each) => each.open) ?? mine[0])?.id;
    if (id) void this.show(id);
    else this.say("The filter lets no answer of this item through.");
    this.#showHeader();
  }

  /** Show the answer that the page's address names; return whether there is one. */
  #fromAddress() {
    const [item = "", id = ""] = location.hash.slice(1).split("/").map(decoded);
    if (id === this.current && id) return true;
    if (this.entries.has(id)) void this.show(id);
    else if (this.queue?.items.some((each) => each.name === item)) this.#goToItem(item);
    else return false;
    return true;
  }

  // --- marking ---

  /** Save the draft and show the next unmarked answer. */
  save() {
    const { draft, entry } = this;
    if (!draft || !entry) return;
    const refusal = this.#refusal(draft);
    if (refusal) {
      this.say(refusal, true);
      return;
    }
    if (draft.isToSave) {
      const ids = [entry.id, ...(draft.isForAll ? this.pane.equal.map((each) => each.id) : [])];
      this.#send(draft, ids);
    }
    this.#goOn(entry);
  }

  /**
   * Return why the draft can't be saved yet; empty if it can.
   * @param {Draft} draft
   */
  #refusal(draft) {
    const { view, content } = draft;
    if (this.pane.adjustment.validity.badInput) {
      this.pane.adjustment.focus();
      return "The adjustment is not a number.";
    }
    if (content.adjustment && !content.reason.trim()) {
      this.pane.reason.hidden = false;
      this.pane.reason.focus();
      return "Write a reason for the adjusted points.";
    }
    if (draft.isToSave) return "";
    if (view.differing.length) return "These marks differ: choose one of them first.";
    if (view.typed) return "Accept the mark from the formgrader, or mark with the rubric.";
    return draft.mark || !view.entry.open ? "" : "No step is ticked. Press 0 for no points, then Enter.";
  }

  /**
   * @param {Draft} draft
   * @param {string[]} ids
   * @param {"desk" | "formgrader"} [cause]
   */
  #send(draft, ids, cause = "desk") {
    const own = draft.given(this.marker);
    /** @type {Record<string, Given>} */
    const given = {};
    /** @type {Map<string, Shown | null>} */
    const before = new Map();
    for (const id of ids) {
      const isOwn = id === draft.view.entry.id;
      given[id] = isOwn ? own : { ...own, state: this.entries.get(id)?.state ?? "", flagged: this.entries.get(id)?.flagged ?? false };
      before.set(id, isOwn ? draft.view.mark : null);
      this.#foresee(id, draft.points);
    }
    this.drafts.delete(draft.view.entry.id);
    this.done.push({ ids, before });
    if (this.done.length > UNDO_KEPT) this.done.shift();
    this.#remark(draft);
    void this.#deliver(given, cause, draft);
    const whom = ids.length > 1 ? ` for ${counted(ids.length, "answer")}` : "";
    this.before = `Saved${whom}: ${shownPoints(draft.points)}. `;
  }

  /**
   * Change the queue as the saved mark will, so that the next answer need not wait for the server.
   * @param {string} id
   * @param {number} points
   */
  #foresee(id, points) {
    const entry = this.entries.get(id);
    if (!entry) return;
    this.#update({ ...entry, points, open: false, marker: this.marker, changed: false, typed: false, differs: false });
    if (id !== this.current) this.answers.drop(id);
  }

  /** @param {QueueEntry} entry */
  #update(entry) {
    this.changes += 1;
    this.entries.set(entry.id, entry);
    if (this.queue) this.queue = { ...this.queue, answers: this.queue.answers.map((each) => (each.id === entry.id ? entry : each)) };
    this.list = null;
  }

  /**
   * @param {Record<string, Given>} given
   * @param {"desk" | "formgrader"} cause
   * @param {Draft | null} draft
   * @returns {Promise<boolean>} whether the marks were saved
   */
  async #deliver(given, cause, draft) {
    try {
      for (const view of await this.saver.save({ given, cause })) this.#arrived(view);
      return true;
    } catch (error) {
      if (error instanceof ConflictError) await this.#conflict(error, given, draft);
      else await this.#failed(error, given, draft);
      return false;
    }
  }

  /** @param {AnswerView} view */
  #arrived(view) {
    const id = view.entry.id;
    this.#update(view.entry);
    if (this.current === id) {
      const isUntouched = !this.draft?.isTouched || this.draft.view.state !== view.state;
      if (isUntouched) this.#presentAgain(view);
    } else if (this.answers.known(id)) {
      this.answers.put(view);
    }
    this.#showHeader();
  }

  /**
   * Show the answer on the screen in its newest state; the focus stays where it is.
   * @param {AnswerView} view
   */
  #presentAgain(view) {
    const item = this.item(view.entry.item);
    const draft = this.draft;
    const next = new Draft(view, item);
    if (draft?.isTouched && draft.view.entry.id === view.entry.id) {
      next.content = draft.content;
      next.past = draft.past;
      next.isTyped = draft.isTyped;
      next.isTouched = true;
    }
    this.draft = next;
    this.answers.put(view);
    this.answers.show(view.entry.id);
    const isTyping = isField(document.activeElement);
    if (!isTyping) this.pane.show(next, equals([...this.entries.values()], view.entry));
    else this.pane.draft = next;
    this.#showMeta();
  }

  /**
   * @param {ConflictError} conflict
   * @param {Record<string, Given>} given
   * @param {Draft | null} draft
   */
  async #conflict(conflict, given, draft) {
    const changed = conflict.answers.filter((view) => view.state !== given[view.entry.id]?.state);
    for (const view of conflict.answers) {
      this.#update(view.entry);
      this.answers.put(view);
    }
    this.done = this.done.filter((each) => !each.ids.some((id) => id in given));
    const view = changed[0] ?? conflict.answers[0];
    if (!view || !draft) {
      this.say(`Nothing was saved: ${conflict.message}.`, true);
      return;
    }
    const count = Object.keys(given).length;
    const item = await this.#newestItem(view.entry.item);
    const mine = given[view.entry.id];
    const returnTo = this.current === view.entry.id ? "" : this.current;
    const own = conflict.answers.find((each) => each.entry.id === draft.view.entry.id);
    if (own && item) this.drafts.set(own.entry.id, moved(draft, own, item));
    await this.show(view.entry.id);
    if (count > 1) {
      this.say(`Nothing was saved, since one of these ${count} answers was changed meanwhile. Look at it, then mark the others again.`, true);
      return;
    }
    if (!mine || !item) return;
    if (isDialogOpen()) await dialogsClosed();
    openConflict(view, mine, draft.points, item, (isMine) => {
      if (isMine) {
        this.#send(moved(draft, view, item), [view.entry.id]);
      } else {
        this.drafts.delete(view.entry.id);
        if (!returnTo) this.#present(view);
      }
      if (returnTo) void this.show(returnTo, true);
    }, () => this.leave());
  }

  /**
   * Return an item after a look at the server: its rubric may be new, too.
   * @param {string} name
   */
  async #newestItem(name) {
    const queue = await this.api.queue().catch(() => null);
    if (queue) this.#take(queue);
    return this.queue?.items.find((each) => each.name === name) ?? null;
  }

  /**
   * @param {unknown} error
   * @param {Record<string, Given>} given
   * @param {Draft | null} draft
   */
  async #failed(error, given, draft) {
    const [id] = Object.keys(given);
    if (draft && id) {
      this.drafts.set(id, draft);
      for (const each of Object.keys(given)) this.answers.drop(each);
      this.done = this.done.filter((each) => !each.ids.includes(id));
      await this.refresh();
      await this.show(id);
    }
    this.#tell(error, "Not saved: ");
  }

  /** Save a flag at once; the ticks on the screen are not saved with it. */
  async flag() {
    const { current } = this;
    if (this.saver.waiting) await this.saver.last; // the mark that keeps its ticks may be on its way
    const { draft, entry } = this;
    if (!draft || !entry || entry.id !== current) return;
    if (draft.view.typed || draft.view.differing.length || draft.view.earlier) {
      this.say("Mark this answer first, then flag it.", true);
      return;
    }
    const flagged = !entry.flagged;
    const given = { ...again(draft.view.mark, this.marker, draft.view.state), flagged };
    this.#update({ ...entry, flagged });
    this.#showMeta();
    this.pane.refresh();
    this.say(flagged ? "Flagged for a second look" : "Flag removed");
    await this.#deliver({ [entry.id]: given }, "desk", null);
  }

  /** Take back the last change of the draft, or else the last saved mark. */
  undo() {
    const { draft } = this;
    if (draft?.undo()) {
      this.pane.reload();
      this.say("Undone");
      return;
    }
    const last = this.done.pop();
    if (!last) {
      this.say("There is nothing to undo.");
      return;
    }
    void this.#undoSaved(last);
  }

  /** @param {Done} last */
  async #undoSaved({ ids, before }) {
    await this.saver.last;
    /** @type {Record<string, Given>} */
    const given = {};
    for (const id of ids) {
      const view = await this.fetch(id).catch(() => null);
      if (!view) return this.say("The server does not answer: nothing was undone.", true);
      given[id] = { ...again(before.get(id) ?? null, this.marker, view.state), flagged: view.entry.flagged };
    }
    if (!(await this.#deliver(given, "desk", null))) return;
    for (const id of ids) if (id !== ids[0]) this.answers.drop(id);
    const [first] = ids;
    if (first) await this.show(first, true);
    this.say(ids.length > 1 ? `Undone for ${counted(ids.length, "answer")}` : "The mark was taken back.");
  }

  #acceptTyped() {
    const { draft } = this;
    const typed = draft?.view.typed;
    if (!draft || !typed || typed.points === null) return;
    draft.change({ adjustment: 0, reason: "", comment: typed.comment });
    const difference = Math.round((typed.points - draft.points) * 1e6) / 1e6;
    if (difference) draft.change({ adjustment: difference, reason: "as typed in the formgrader" });
    this.#send(draft, [draft.view.entry.id], "formgrader");
    this.#goOn(this.entry);
  }

  toggleAll() {
    const { draft } = this;
    if (!draft || !this.pane.equal.length) {
      this.say("No other unmarked answer is the same.");
      return;
    }
    draft.isForAll = !draft.isForAll;
    this.pane.refresh();
    this.say(draft.isForAll ? `For all ${this.pane.equal.length + 1} equal answers` : "For this answer only");
  }

  #touched() {
    const { draft } = this;
    if (!draft) return;
    this.drafts.set(draft.view.entry.id, draft);
    const points = shownPoints(draft.points);
    if (points !== this.said) this.say(`${points} of ${shownPoints(draft.item.max_points)}`);
    this.said = points;
  }

  /**
   * Offer a new comment again, before the server counts it.
   * @param {Draft} draft
   */
  #remark(draft) {
    const text = draft.content.comment.trim();
    if (!text || !this.queue) return;
    const items = this.queue.items.map((item) => {
      if (item.name !== draft.item.name) return item;
      const known = item.remarks.find((each) => each.text === text);
      const rest = item.remarks.filter((each) => each !== known);
      return { ...item, remarks: [...rest, { text, count: (known?.count ?? 0) + 1 }].sort((a, b) => b.count - a.count) };
    });
    this.queue = { ...this.queue, items };
  }

  /** @param {string} remark */
  editRubric(remark) {
    const { entry } = this;
    if (!entry) return;
    const item = this.item(entry.item);
    openRubricEditor({
      api: this.api,
      marker: this.marker,
      item,
      remark,
      find: (id) => this.entries.get(id),
      applied: async (changes) => {
        await this.#load();
        this.answers.clear();
        const view = await this.api.answer(entry.id);
        const draft = this.draft;
        this.draft = new Draft(view, this.item(entry.item));
        if (draft?.isTouched) {
          const known = new Set(this.draft.item.steps.map((step) => step.id));
          this.draft.change({ ...draft.content, ticks: new Set([...draft.content.ticks].filter((id) => known.has(id))) });
        }
        this.drafts.set(entry.id, this.draft);
        this.#present(view);
        this.say(changes.length ? `The rubric was changed, and ${counted(changes.length, "mark")} with it.` : "The rubric was changed; no mark changed.");
      },
      closed: () => this.leave(),
    });
  }

  // --- what others did ---

  /** Look at the queue again; answers that changed are fetched again. */
  async refresh() {
    if (!this.queue || this.isRefreshing) return;
    this.isRefreshing = true;
    try {
      const { changes } = this;
      const queue = await this.api.queue();
      if (this.saver.waiting || changes !== this.changes) return; // this page knows more
      this.#take(queue);
      await this.#renew();
      this.#showHeader();
    } catch {
      // the next look may succeed; a mark that can't be saved is reported
    } finally {
      this.isRefreshing = false;
    }
  }

  /** Fetch answers again that somebody changed. */
  async #renew() {
    for (const [id, slot] of this.answers.slots) {
      const entry = this.entries.get(id);
      if (entry && entry.state === slot.view.state) continue;
      if (id !== this.current) this.answers.drop(id);
      else if (entry) {
        const view = await this.api.answer(id);
        if (this.current !== id || this.saver.waiting) continue;
        const isMine = view.mark?.marker === this.marker;
        if (this.draft?.isTouched) continue; // Enter will ask
        this.#presentAgain(view);
        if (!isMine) this.say(`${view.mark?.marker || "Somebody"} has changed this mark.`, true);
      }
    }
    const item = this.entry && this.item(this.entry.item);
    if (item && this.draft && this.draft.item.rubric !== item.rubric && !this.draft.isTouched) {
      this.#presentAgain(this.draft.view);
    }
    this.#prefetch();
  }

  // --- settings ---

  /** @param {Order} order */
  #setOrder(order) {
    this.order = order;
    localStorage.setItem("fdl-desk-order", order);
    this.list = null;
    this.#showHeader();
    this.#showMeta();
    this.#prefetch();
    this.say(ORDERS[order]);
  }

  /** @param {string} filter */
  #setFilter(filter) {
    this.filter = filter;
    this.list = null;
    const found = this.sequence.filter((each) => passes(each, filter, this.marker));
    const count = found.length;
    this.say(`${FILTERS[filter] ?? "With these points"}: ${counted(count, "answer")}`);
    if (count && !found.some((each) => each.id === this.current)) {
      const near = found.find((each) => each.item === this.entry?.item) ?? found[0];
      if (near) void this.show(near.id);
    } else {
      this.#showHeader();
      this.#showMeta();
      if (!count) this.say("No answer passes this filter.", true);
    }
  }

  /** @param {boolean} shown */
  #setNames(shown) {
    this.names = shown;
    localStorage.setItem("fdl-desk-names", shown ? "1" : "0");
    void this.#load().then(() => {
      this.#showMeta();
      this.#showHeader();
    });
  }

  #askName() {
    openName(this.marker, (name) => {
      this.#setMarker(name);
      this.answers.clear();
      void this.#load().then(async () => {
        if (this.current) {
          this.answers.drop(this.current);
          await this.show(this.current, true);
        }
      });
    }, () => this.leave());
  }

  /** @param {string} name */
  #setMarker(name) {
    this.marker = name;
    localStorage.setItem("fdl-desk-marker", name);
  }

  // --- the page ---

  /** Give the focus to the answer. */
  leave() {
    if (!isDialogOpen()) this.region.focus({ preventScroll: true });
  }

  /**
   * Say something to screen readers and, if it is urgent, to all.
   * @param {string} words
   * @param {boolean} [isUrgent]
   */
  say(words, isUrgent = false) {
    byId("said").textContent = words;
    if (!isUrgent) return;
    fill(byId("trouble"), h("p", {}, words));
    clearTimeout(this.quiet);
    this.quiet = setTimeout(() => fill(byId("trouble")), 6000);
  }

  /**
   * @param {unknown} error
   * @param {string} [before]
   */
  #tell(error, before = "") {
    if (!(error instanceof RefusedError)) throw error;
    this.say(`${before}${error.message}.`, true);
    if (!this.queue) fill(this.region, h("p", { class: "empty" }, `${error.message}. `, h("button", { type: "button", onclick: () => this.start() }, "Try again")));
  }

  #showHeader() {
    if (!this.queue) return;
    const { waiting, trouble, savedAt } = this.saver;
    const saving = trouble
      ? `${counted(waiting, "mark")} not saved yet: ${trouble}. Trying again …`
      : waiting ? "Saving …" : savedAt ? "✓ Saved" : "";
    this.header.show({
      queue: this.queue, entry: this.entry, order: this.order, filter: this.filter, names: this.names,
      marker: this.marker, saving, isTrouble: trouble !== "", place: this.#place(),
    });
  }

  #showMeta() {
    const { entry } = this;
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
      h("button", { type: "button", class: "arrow", "aria-label": "Previous answer", onclick: () => this.move(-1) }, "‹"),
      h("p", { class: "who" }, h("strong", {}, h("span", { class: "word" }, "Answer "), this.#place()), this.names && entry.name && h("span", { class: "name" }, entry.name)),
      h("button", { type: "button", class: "arrow", "aria-label": "Next answer", onclick: () => this.move(1) }, "›"),
      h("p", { class: entry.open ? "state open" : "state" }, state),
      ...tags.filter(([isShown]) => isShown).map(([, words, kind]) => h("span", { class: `tag ${kind}` }, words)),
      h("span", { class: "gap" }),
      h("button", { type: "button", class: "quiet", "aria-expanded": String(!byId("model").hidden), onclick: () => { this.toggleModel(); this.leave(); } }, "Model answer ", h("kbd", {}, "m")));
  }

  /** @param {ItemView} item */
  #showQuestion(item) {
    if (this.questionOf === item.name) return;
    this.questionOf = item.name;
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
    this.#showMeta();
    this.say(model.hidden ? "Model answer hidden" : "Model answer shown");
  }

  toggleQuestion() {
    const question = /** @type {HTMLDetailsElement} */ (byId("question"));
    question.open = !question.open;
    if (question.open) this.#typesetQuestion();
  }

  #enlarge() {
    const picture = this.stage.querySelector(".slot.shown img");
    if (picture instanceof HTMLImageElement) openPicture(picture, () => this.leave());
    else this.say("This answer has no picture.");
  }

  // --- keys ---

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (isDialogOpen() || event.defaultPrevented || event.isComposing) return;
    const target = event.target instanceof Element ? event.target : null;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.save();
      return;
    }
    if (event.key === "Escape") {
      this.leave();
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
    const { draft } = this;
    if (/^[1-9]$/.test(event.key)) {
      const step = draft?.item.steps[Number(event.key) - 1];
      return step ? () => this.#change(() => draft?.toggle(step.id)) : null;
    }
    /** @type {Record<string, () => void>} */
    const actions = {
      Enter: () => (event.shiftKey ? this.back() : this.save()),
      ArrowRight: () => this.move(1),
      ArrowLeft: () => this.move(-1),
      0: () => this.#change(() => draft?.none()),
      a: () => this.#change(() => draft?.all()),
      c: () => this.pane.comment.focus(),
      p: () => { this.pane.adjustment.focus(); this.pane.adjustment.select(); },
      f: () => this.flag(),
      u: () => this.undo(),
      g: () => this.toggleAll(),
      q: () => this.toggleQuestion(),
      m: () => this.toggleModel(),
      e: () => this.editRubric(""),
      z: () => this.#enlarge(),
      n: () => this.#setNames(!this.names),
      "?": () => openHelp(() => this.leave()),
    };
    return Object.hasOwn(actions, event.key) ? actions[event.key] ?? null : null;
  }

  /** @param {() => void} change */
  #change(change) {
    if (!this.draft) return;
    change();
    this.pane.refresh();
    this.#touched();
  }
}

/**
 * Return whether an element takes text, so that letters must not act as keys.
 * @param {Element | null} element
 */
function isField(element) {
  if (element instanceof HTMLTextAreaElement || element instanceof HTMLSelectElement) return true;
  return element instanceof HTMLInputElement && element.type !== "checkbox";
}

/**
 * Return a draft's content as the draft of the newest view of the same answer.
 * @param {Draft} draft
 * @param {AnswerView} view
 * @param {ItemView} item
 */
function moved(draft, view, item) {
  const next = new Draft(view, item);
  next.content = draft.content;
  next.isTyped = draft.isTyped;
  next.isTouched = true;
  return next;
}

/**
 * Return a part of an address; a part that is not encoded correctly stays as it is.
 * @param {string} part
 */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** @returns {Promise<void>} */
function dialogsClosed() {
  return new Promise((done) => {
    const look = setInterval(() => {
      if (isDialogOpen()) return;
      clearInterval(look);
      done();
    }, 100);
  });
}

void new App().start();
