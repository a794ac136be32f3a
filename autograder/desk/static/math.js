/** Typeset formulas with MathJax from this server, one element after the other. */

/** @type {any} */
const page = window;

/** @type {Promise<void> | null} */
let loaded = null;

const CONFIGURATION = {
  skipStartupTypeset: true,
  TeX: { equationNumbers: { autoNumber: "AMS", useLabelIds: false } },
  tex2jax: {
    inlineMath: [["$", "$"], ["\\(", "\\)"]],
    displayMath: [["$$", "$$"], ["\\[", "\\]"]],
    processEscapes: true,
    processEnvironments: true,
  },
  Safe: { allow: { URLs: "none", classes: "none", cssIDs: "none", styles: "none", require: "none" } },
  "HTML-CSS": {
    availableFonts: [], preferredFont: null, imageFont: null, webFont: "STIX-Web",
    EqnChunk: 10, EqnChunkFactor: 1, EqnChunkDelay: 5, linebreaks: { automatic: false },
  },
  // work in short steps, so that a key pressed meanwhile waits only a few milliseconds
  processUpdateTime: 30,
  processUpdateDelay: 5,
  displayAlign: "center",
  messageStyle: "none",
  showMathMenu: false,
};

/**
 * Load MathJax; without it, formulas stay as they were typed.
 * @param {string} address
 * @returns {Promise<void>}
 */
export function loadMathJax(address) {
  loaded ??= new Promise((done) => {
    page.MathJax = { ...CONFIGURATION, AuthorInit: () => page.MathJax.Hub.Register.StartupHook("End", done) };
    const script = document.createElement("script");
    script.src = address;
    script.onerror = () => done();
    document.head.append(script);
  });
  return loaded;
}

/** @typedef {{element: Element, done: () => void}} Job */

/** Elements to typeset: first those on the screen, then those of answers fetched ahead. */
/** @type {{now: Job[], later: Job[]}} */
const waiting = { now: [], later: [] };
let isBusy = false;

/**
 * Typeset an element, and return once it is done. The element must have a width, but it may be
 * invisible.
 * @param {Element} element
 * @param {"now" | "later"} [when] whether it is on the screen or may wait
 * @returns {Promise<void>}
 */
export function typeset(element, when = "now") {
  if (!/[$\\]/.test(element.textContent ?? "")) return Promise.resolve();
  return new Promise((done) => {
    waiting[when].push({ element, done });
    void work();
  });
}

/**
 * If an element still waits, typeset it before all others, because it is now on the screen.
 * @param {Element} element
 */
export function hurry(element) {
  const job = waiting.later.find((each) => each.element === element);
  if (!job) return;
  waiting.later.splice(waiting.later.indexOf(job), 1);
  waiting.now.unshift(job);
}

async function work() {
  if (isBusy) return;
  isBusy = true;
  await loaded;
  const hub = page.MathJax?.Hub;
  for (let job = next(); job; job = next()) {
    const { element, done } = job;
    if (hub && element.isConnected) {
      await new Promise((ended) => {
        hub.Queue(
          () => page.MathJax.InputJax.TeX?.resetEquationNumbers?.(0, true),
          ["Typeset", hub, element],
          () => ended(undefined),
        );
      });
    }
    done();
  }
  isBusy = false;
}

/** @returns {Job | undefined} */
function next() {
  return waiting.now.shift() ?? waiting.later.shift();
}
