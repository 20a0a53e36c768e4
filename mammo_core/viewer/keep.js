/** What a person can take away: the answer as JSON, the pictures, a report. */

import { make, save, say } from "./dom.js";
import { TABS, wordsFor } from "./words.js";
import { view } from "./state.js";
import { fitsRequest, LIMITS, report, Trouble } from "./service.js";
import { restart } from "./cases.js";
import { section } from "./facts.js";
import { currentOptions } from "./welcome.js";

/** @typedef {import("./cases.js").Case} Case */

/** @param {Case} done */
export function keepPart(done) {
  const button = (name, click, more = {}) => make("button", { type: "button", click, ...more }, name);
  const large = !fitsRequest(done.file);
  return section(
    "Keep",
    make(
      "div",
      { class: "row" },
      button("Copy JSON", (event) => copy(done, event.currentTarget)),
      button("Save JSON", () => save(new Blob([jsonOf(done)], { type: "application/json" }), `${stem(done)}.json`)),
      button("Save this picture", () => keep(done, view.tab), { disabled: !done.pictures[view.tab] }),
      button("Save all pictures", () => Object.keys(TABS).forEach((name) => keep(done, name))),
      LIMITS.report && button("Report", (event) => fetchReport(done, event.currentTarget), { disabled: large }),
      button("Analyse again", () => restart(done, currentOptions())),
    ),
    LIMITS.report && large && make("p", { class: "more" }, "No report: the file is too large for a request."),
    make("p", { class: "more" }, "The answer’s JSON holds all of this; “Analyse again” takes the options of now."),
  );
}

/** The answer without its pictures, which are files of their own. @param {Case} done */
function jsonOf(done) {
  return JSON.stringify({ ...done.answer, images: undefined }, null, 2);
}

/** @param {Case} done @param {HTMLElement} button */
async function copy(done, button) {
  try {
    await navigator.clipboard.writeText(jsonOf(done));
    flash(button, "Copied");
  } catch {
    flash(button, "Not allowed here: save it instead");
  }
}

/** @param {HTMLElement} button @param {string} text */
function flash(button, text) {
  const before = button.textContent;
  button.textContent = text;
  say(text);
  setTimeout(() => (button.textContent = before), 2_000);
}

/** @param {Case} done @param {string} name of the picture */
function keep(done, name) {
  const picture = done.pictures[name];
  if (!picture) return;
  const kind = (done.answer.image_status[name].media_type ?? "image/png").split("/")[1];
  if (picture.blob) save(picture.blob, `${stem(done)}-${name}.${kind}`);
  else window.open(picture.address, "_blank", "noopener");
}

/** @param {Case} done */
function stem(done) {
  return done.name.replace(/\.[A-Za-z0-9]+$/, "") || "image";
}

/** @param {Case} done @param {any} button */
async function fetchReport(done, button) {
  button.disabled = true;
  try {
    const blob = await report(done.file, done.options);
    save(blob, `${stem(done)}-report.${blob.type === "application/pdf" ? "pdf" : "html"}`);
  } catch (error) {
    flash(button, wordsFor(error instanceof Trouble ? error.code : "no_answer").what);
  }
  button.disabled = false;
}
