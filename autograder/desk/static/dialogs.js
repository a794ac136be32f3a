/** Dialogs: help, the marker's name, a conflict, and a large picture. */

/** @import {AnswerView, Given} from "./types.js" */
/** @import {Child} from "./dom.js" */
/** @import {Draft} from "./draft.js" */

import { byId, fill, h, keyOf, shownPoints } from "./dom.js";
import { card } from "./mark.js";

const KEYS = [
  ["1 – 9", "tick or untick a step"],
  ["Enter", "save, then show the next unmarked answer"],
  ["Shift Enter", "go back to the answer shown before"],
  ["0", "tick nothing: no points"],
  ["a", "tick all steps that give points"],
  ["c", "write a comment (↓ chooses an earlier one)"],
  ["Esc", "leave a field"],
  ["Ctrl Enter", "save from within a field"],
  ["p", "adjust the points"],
  ["f", "flag for a second look (saved at once)"],
  ["u", "undo the last tick, or else the last saved mark"],
  ["g", "mark all equal answers together"],
  ["← →", "show the previous or next answer, without saving"],
  ["q", "show or hide the question"],
  ["m", "show or hide the model answer"],
  ["e", "edit the rubric"],
  ["z", "enlarge or rotate a picture"],
  ["n", "show or hide names"],
  ["?", "show this help"],
];

/**
 * Open a dialog and return it. When it closes, the focus returns to the answer.
 * @param {string} title
 * @param {string} kind
 * @param {(dialog: HTMLDialogElement) => Child[]} content
 * @param {() => void} closed
 * @returns {HTMLDialogElement}
 */
export function openDialog(title, kind, content, closed) {
  const heading = h("h2", { id: `dialog-${kind}`, tabindex: -1 }, title);
  const dialog = h("dialog", { class: kind, "aria-labelledby": heading.id });
  const body = h("div", { class: "content" });
  const close = h("button", { type: "button", class: "close", "aria-label": "Close", onclick: () => dialog.close() }, "×");
  dialog.append(heading, close, body);
  fill(body, ...content(dialog));
  dialog.addEventListener("close", () => {
    dialog.remove();
    closed();
  });
  byId("dialogs").append(dialog);
  dialog.showModal();
  heading.focus();
  return dialog;
}

/** Return whether a dialog is open; then the desk's shortcuts do nothing. */
export function isDialogOpen() {
  return document.querySelector("dialog[open]") !== null;
}

/** @returns {Promise<void>} */
export function dialogsClosed() {
  return new Promise((done) => {
    const look = setInterval(() => {
      if (isDialogOpen()) return;
      clearInterval(look);
      done();
    }, 100);
  });
}

/** @param {() => void} closed */
export function openHelp(closed) {
  openDialog("Keys", "help", () => [
    h("dl", {}, ...KEYS.flatMap(([keys, words]) => [
      h("dt", {}, ...(keys ?? "").split(" ").map((key) => (key === "–" ? "–" : h("kbd", {}, key)))),
      h("dd", {}, words),
    ])),
    h("p", {}, "Steps with a dashed frame are suggested by tests. They count once you press Enter. If you move on without Enter, nothing is saved."),
  ], closed);
}

/**
 * Ask for the marker's name.
 * @param {string} name
 * @param {(name: string) => void} given
 * @param {() => void} closed
 */
export function openName(name, given, closed) {
  const input = h("input", { id: "name", type: "text", maxlength: 60, value: name, autocomplete: "name", required: true });
  const dialog = openDialog("Who is marking?", "name", (self) => [
    h("p", {}, "Your name is stored with each mark, so that others see who gave it."),
    h("form", { method: "dialog", onsubmit: (/** @type {Event} */ event) => {
      event.preventDefault();
      const found = input.value.trim();
      if (!found) return;
      given(found);
      self.close();
    } }, h("label", { for: "name" }, "Your name"), input, h("button", { class: "primary" }, "Start marking")),
  ], closed);
  input.focus();
  input.select();
  return dialog;
}

/**
 * Show two marks, and ask which of them counts.
 * @param {string} what a text about the change since the marker opened the answer
 * @param {AnswerView} now
 * @param {Draft} draft the marker's own mark, with the newest rubric
 * @param {Given} mine
 * @param {(isMine: boolean) => void} chosen
 * @param {() => void} closed
 */
export function openConflict(what, now, draft, mine, chosen, closed) {
  const names = new Map(draft.item.steps.map((step, index) => [step.id, index + 1]));
  const theirs = now.mark;
  const who = theirs?.marker || "Somebody";
  const typed = now.typed;
  const sent = { id: "", time: "", cause: "desk", points: draft.points, ...mine };
  openDialog(what, "conflict", (self) => {
    /** @param {boolean} isMine */
    const choose = (isMine) => () => { chosen(isMine); self.close(); };
    return [
      h("p", {}, `Your mark of this answer is not saved. ${theirs || typed ? "Which one counts?" : "Save it as it is now?"}`),
      h("div", { class: "choices" },
        h("div", {}, typed
          ? h("div", { class: "choice" }, h("p", {}, h("strong", {}, "Formgrader")), h("p", { class: "figure" }, typed.points === null ? "no points" : shownPoints(typed.points)), typed.comment && h("p", { class: "said" }, `“${typed.comment}”`))
          : card(theirs ? who : "Now", theirs, names),
        h("button", { type: "button", onclick: choose(false) }, theirs || typed ? "Keep theirs" : "Leave it as it is")),
        h("div", {}, card("You", sent, names), h("button", { type: "button", class: "primary", onclick: choose(true) }, "Save mine"))),
    ];
  }, closed);
}

/** The original of each rotated picture, and the number of its quarter turns. */
/** @type {WeakMap<HTMLImageElement, {original: HTMLImageElement, turn: number}>} */
const turned = new WeakMap();

/**
 * Turn a picture in the answer by this number of quarter turns.
 * @param {HTMLImageElement} picture
 * @param {number} quarters
 */
async function rotatePicture(picture, quarters) {
  const known = turned.get(picture) ?? { original: await copied(picture.src), turn: 0 };
  known.turn = (known.turn + quarters + 4) % 4;
  turned.set(picture, known);
  const { original, turn } = known;
  const { naturalWidth: width, naturalHeight: height } = original;
  const canvas = h("canvas");
  [canvas.width, canvas.height] = turn % 2 === 0 ? [width, height] : [height, width];
  const pen = canvas.getContext("2d");
  if (!pen) return;
  pen.translate(canvas.width / 2, canvas.height / 2);
  pen.rotate((turn * Math.PI) / 2);
  pen.drawImage(original, -width / 2, -height / 2);
  picture.src = turn === 0 ? original.src : canvas.toDataURL("image/webp", 0.92);
  await picture.decode();
}

/**
 * @param {string} source
 * @returns {Promise<HTMLImageElement>}
 */
async function copied(source) {
  const image = new Image();
  image.src = source;
  await image.decode();
  return image;
}

/**
 * Show a picture large, with zoom and rotation.
 * @param {HTMLImageElement} picture
 * @param {() => void} closed
 */
export function openPicture(picture, closed) {
  const large = h("img", { src: picture.src, alt: picture.alt, draggable: false });
  const room = h("div", { class: "room", tabindex: 0, role: "group", "aria-label": "Picture" }, large);
  let zoom = 1;
  const draw = () => {
    if (!large.naturalWidth) return;
    const fit = Math.min(room.clientWidth / large.naturalWidth, room.clientHeight / large.naturalHeight, 4);
    large.style.width = `${large.naturalWidth * fit * zoom}px`;
    large.style.height = `${large.naturalHeight * fit * zoom}px`;
  };
  /** @param {number} factor */
  const magnify = (factor) => {
    const [x, y] = [
      (room.scrollLeft + room.clientWidth / 2) / room.scrollWidth,
      (room.scrollTop + room.clientHeight / 2) / room.scrollHeight,
    ];
    zoom = Math.min(Math.max(zoom * factor, 1), 12);
    draw();
    room.scrollTo(x * room.scrollWidth - room.clientWidth / 2, y * room.scrollHeight - room.clientHeight / 2);
  };
  /** @param {number} quarters */
  const rotate = async (quarters) => {
    await rotatePicture(picture, quarters);
    large.src = picture.src;
    await large.decode();
    draw();
  };
  const whole = () => { zoom = 1; draw(); };
  /** @type {Record<string, () => void>} */
  const keys = {
    "+": () => magnify(1.4), "=": () => magnify(1.4), "-": () => magnify(1 / 1.4), "0": whole,
    r: () => void rotate(1), R: () => void rotate(-1), z: () => dialog.close(),
  };
  /** @param {string} words @param {string} key @param {() => void} action */
  const button = (words, key, action) => h("button", { type: "button", onclick: action }, words, " ", h("kbd", {}, key));
  const dialog = openDialog(picture.alt, "large", () => [
    h("div", { class: "row" },
      button("Larger", "+", () => magnify(1.4)), button("Smaller", "−", () => magnify(1 / 1.4)),
      button("Whole", "0", whole), button("Rotate", "r", () => void rotate(1))),
    room,
  ], closed);
  dialog.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const action = keys[keyOf(event)];
    if (!action) return;
    event.preventDefault();
    action();
  });
  room.addEventListener("wheel", (event) => {
    event.preventDefault();
    magnify(event.deltaY < 0 ? 1.15 : 1 / 1.15);
  }, { passive: false });
  room.addEventListener("pointermove", (event) => {
    if (event.buttons & 1) room.scrollBy(-event.movementX, -event.movementY);
  });
  if (large.complete) draw();
  else large.addEventListener("load", draw);
  room.focus();
}
