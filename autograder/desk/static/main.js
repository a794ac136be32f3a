/** The marking desk shows one answer at a time; this file connects its parts. */

import { Api } from "./api.js";
import { Conflicts } from "./conflicts.js";
import { openHelp } from "./dialogs.js";
import { byId } from "./dom.js";
import { Keyboard } from "./keyboard.js";
import { MarkPane } from "./mark.js";
import { Marking } from "./marking.js";
import { loadMathJax } from "./math.js";
import { Navigation } from "./navigation.js";
import { Refresh } from "./refresh.js";
import { RubricChanger } from "./rubricchange.js";
import { Saver } from "./saver.js";
import { Screen } from "./screen.js";
import { Session } from "./session.js";
import { Settings } from "./settings.js";

class Desk {
  constructor() {
    const { homework = "", base = "", mathjax = "", formgrader = "" } = document.body.dataset;
    const session = new Session();
    this.session = session;
    this.screen = this.#screen(formgrader);
    this.pane = this.#pane();
    this.api = new Api(base, () => ({ marker: session.marker, names: session.names }));
    this.saver = new Saver(this.api, () => this.screen.showHeader());
    this.screen.saver = this.saver;
    this.navigation = new Navigation(homework, session, this.api, this.screen, this.pane);
    this.refresh = new Refresh(session, this.api, this.saver, this.screen, this.navigation);
    this.settings = new Settings(session, this.screen, this.navigation, this.refresh);
    this.rubric = new RubricChanger(session, this.api, this.screen, this.navigation, this.refresh);
    const conflicts = new Conflicts(session, this.screen, this.navigation, this.refresh);
    this.marking = new Marking({ ...this, conflicts });
    this.keyboard = this.#keyboard();
    void loadMathJax(mathjax);
    addEventListener("beforeunload", (event) => { if (this.saver.waiting || session.isUnsaved) event.preventDefault(); });
    addEventListener("hashchange", () => this.navigation.goToAddress());
    this.refresh.watch();
  }

  async start() {
    if (!(await this.settings.askFirstName())) {
      this.screen.refuse("The desk needs your name. ", "Type it");
      return;
    }
    if (!(await this.refresh.load())) return;
    this.screen.open();
    if (!this.navigation.goToAddress()) this.navigation.goOn(null);
  }

  /** @param {string} formgrader */
  #screen(formgrader) {
    const actions = {
      move: (/** @type {1 | -1} */ step) => this.navigation.move(step),
      start: () => void this.start(),
    };
    return new Screen(this.session, formgrader, actions, {
      item: (name) => this.navigation.goToItem(name),
      order: (value) => this.settings.setOrder(value),
      filter: (value) => this.settings.setFilter(value),
      names: (shown) => this.settings.setNames(shown),
      marker: () => this.settings.askName(),
      help: () => this.#help(),
      leave: () => this.screen.leave(),
    });
  }

  #pane() {
    return new MarkPane(byId("right"), {
      save: () => this.marking.save(),
      changed: () => this.marking.touched(),
      flag: () => this.marking.flag(),
      undo: () => this.marking.undo(),
      leave: () => this.screen.leave(),
      editRubric: () => this.rubric.edit(),
      makeStep: (remark) => this.rubric.edit(remark),
      acceptTyped: () => this.marking.acceptTyped(),
      preview: (text) => this.api.preview(text),
    });
  }

  #keyboard() {
    const { screen, pane, navigation, settings, marking } = this;
    return new Keyboard({
      step: (index) => {
        const { draft } = this.session;
        const step = draft?.item.steps[index];
        return step || !draft ? () => marking.change((each) => step && each.toggle(step.id)) : null;
      },
      save: () => marking.save(),
      back: () => navigation.back(),
      leave: () => screen.leave(),
      others: {
        ArrowRight: () => navigation.move(1),
        ArrowLeft: () => navigation.move(-1),
        0: () => marking.change((draft) => draft.none()),
        a: () => marking.change((draft) => draft.all()),
        c: () => pane.comment.focus(),
        p: () => { pane.adjustment.focus(); pane.adjustment.select(); },
        f: () => marking.flag(),
        u: () => marking.undo(),
        g: () => marking.toggleAll(),
        q: () => screen.toggleQuestion(),
        m: () => screen.toggleModel(),
        e: () => this.rubric.edit(),
        z: () => screen.enlarge(),
        n: () => settings.toggleNames(),
        "?": () => this.#help(),
      },
    });
  }

  #help() {
    openHelp(() => this.screen.leave());
  }
}

void new Desk().start();
