/** Small helpers to build the page. Texts become text nodes, never HTML. */

/** @typedef {Node | string | number | null | undefined | false} Child */
/** @typedef {Record<string, string | number | boolean | null | undefined | ((event: any) => void)>} Attributes */

/**
 * Return a new element. A function among the attributes becomes a listener: `onclick` or `oninput`.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} [attributes]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, String(value));
    }
  }
  append(element, ...children);
  return element;
}

/**
 * Append children; skip null, undefined and false.
 * @param {Element} parent
 * @param {...Child} children
 */
export function append(parent, ...children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    parent.append(child instanceof Node ? child : String(child));
  }
}

/**
 * Replace all children.
 * @param {Element} parent
 * @param {...Child} children
 */
export function fill(parent, ...children) {
  parent.replaceChildren();
  append(parent, ...children);
}

/**
 * Return the element with this id; throw an error if there is none.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no element ${id}`);
  return found;
}

/**
 * Return HTML that the server has cleaned, as nodes. It is parsed in a document without a window,
 * which runs no scripts and loads no pictures.
 * @param {string} html
 * @returns {DocumentFragment}
 */
export function clean(html) {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  const fragment = document.createDocumentFragment();
  fragment.append(...parsed.body.childNodes);
  return fragment;
}

/**
 * Return an icon; `path` is an SVG path in a square with sides of 24 units.
 * @param {string} path
 * @returns {SVGElement}
 */
export function icon(path) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(space, "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

/**
 * Return points as people write them: 1.5, 2, −0.25.
 * @param {number} points
 * @returns {string}
 */
export function shownPoints(points) {
  return String(Math.round(points * 1000) / 1000).replace("-", "−");
}

/**
 * Return a number with its noun: "1 answer", "3 answers".
 * @param {number} count
 * @param {string} noun
 * @param {string} [plural]
 * @returns {string}
 */
export function counted(count, noun, plural = `${noun}s`) {
  return `${count} ${count === 1 ? noun : plural}`;
}

/**
 * Return a time in the marker's time zone and format.
 * @param {string | null} time
 * @returns {string}
 */
export function shownTime(time) {
  if (!time) return "";
  const when = new Date(time);
  const isToday = when.toDateString() === new Date().toDateString();
  /** @type {Intl.DateTimeFormatOptions} */
  const clock = { hour: "2-digit", minute: "2-digit" };
  return isToday
    ? when.toLocaleTimeString([], clock)
    : when.toLocaleString([], { day: "numeric", month: "short", ...clock });
}

/**
 * Return whether an element takes text, so that letters must not act as shortcuts.
 * @param {Element | null} element
 */
export function isField(element) {
  if (element instanceof HTMLTextAreaElement || element instanceof HTMLSelectElement) return true;
  return element instanceof HTMLInputElement && element.type !== "checkbox";
}

/**
 * Return the key of an event. Letters are capital only with Shift, even if Caps Lock is on.
 * @param {KeyboardEvent} event
 * @returns {string}
 */
export function keyOf({ key, shiftKey }) {
  if ([...key].length !== 1) return key;
  return shiftKey ? key.toUpperCase() : key.toLowerCase();
}
