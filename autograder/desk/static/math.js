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
  // short turns, so that a key pressed meanwhile waits for a few milliseconds only
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

/**
 * Typeset an element, and return once it is done. The element must have a width, but it may be
 * invisible.
 * @param {Element} element
 * @returns {Promise<void>}
 */
export async function typeset(element) {
  if (!/[$\\]/.test(element.textContent ?? "")) return;
  await loaded;
  const hub = page.MathJax?.Hub;
  if (!hub) return;
  await new Promise((done) => {
    hub.Queue(
      () => page.MathJax.InputJax.TeX?.resetEquationNumbers?.(0, true),
      ["Typeset", hub, element],
      () => done(undefined),
    );
  });
}
