/** Values with where they come from, or why they are not there. */

import { make } from "./dom.js";
import { plain, sourceWords } from "./words.js";

/**
 * A list of names and values.
 * @param {(Node|false|null|undefined)[]} rows
 */
export function factList(...rows) {
  return make("dl", { class: "facts" }, ...rows);
}

/**
 * One value of the answer: `{value, source, detail, reason}`.
 * @param {string} name
 * @param {any} known
 * @param {(value: any) => string} [text]
 * @param {string} [absent] what stands in its place
 */
export function known(name, known, text = plain, absent = "not known") {
  const there = known.value !== null;
  const more = there ? [sourceWords(known.source), known.detail].filter(Boolean).join(": ") : known.reason;
  return fact(name, there ? text(known.value) : absent, more, there ? "" : "absent");
}

/**
 * @param {string} name
 * @param {string|Node} value
 * @param {string|null} [more] in small print below
 * @param {string} [kind] a class
 */
export function fact(name, value, more = null, kind = "") {
  return make(
    "div",
    { class: `fact ${kind}` },
    make("dt", {}, name),
    make("dd", {}, value, more && make("span", { class: "more" }, more)),
  );
}

/**
 * A part of the panel.
 * @param {string} title
 * @param {...(Node|string|false|null|undefined)} children
 */
export function section(title, ...children) {
  return make("section", { class: "part" }, make("h3", {}, title), ...children);
}

/**
 * A part that can be folded away.
 * @param {string} title
 * @param {string} summary what it says in a few words, folded or not
 * @param {...(Node|string|false|null|undefined)} children
 */
export function folded(title, summary, ...children) {
  const open = FOLDS.has(title);
  const details = make(
    "details",
    { class: "part", open },
    make("summary", {}, make("span", { class: "title" }, title), make("span", { class: "brief" }, summary)),
    ...children,
  );
  details.addEventListener("toggle", () => {
    if (/** @type {HTMLDetailsElement} */ (details).open) FOLDS.add(title);
    else FOLDS.delete(title);
  });
  return details;
}

/** Titles of the parts that are open: the next image has the same ones open. */
const FOLDS = new Set(matchMedia("(min-width: 60rem)").matches ? ["View"] : []);
