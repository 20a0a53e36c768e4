/** The page: images come in, become cases, and are shown in one pane or two. */

import { byId, fill, make } from "./dom.js";
import { percent, scoreText, wordsFor } from "./words.js";
import { onChange, setView, view } from "./state.js";
import { keysComeFrom } from "./service.js";
import { activeCase, addCase, cases, removeCase } from "./cases.js";
import { markRegions } from "./regions.js";
import { Pane } from "./pane.js";
import { findingsOf } from "./panel.js";
import { backgroundOf } from "./about.js";
import { askInDialog, wireModel } from "./dialogs.js";
import { dragWindow, wireTabs, wireTools } from "./controls.js";
import { currentOptions, wireFiles, wireSamples } from "./welcome.js";
import { keepPart } from "./keep.js";

/** @typedef {import("./cases.js").Case} Case */

const panes = [0, 1].map((number) => new Pane(number, { onWindow: dragWindow, onActive: activate }));

/** @param {File[]} files */
function take(files) {
  if (files.length === 0) return;
  const options = currentOptions();
  const free = view.shown.indexOf(null);
  const added = files.map((file) => addCase(file, options));
  if (view.compare && added.length === 1) view.shown[free < 0 ? view.active : free] = added[0].id;
  else view.shown = [added[0].id, added[1]?.id ?? view.shown[1]];
  openWork(true);
  setView({});
  byId("work").scrollIntoView({ block: "start" });
}

/** Show the images instead of the welcome, or both. @param {boolean} only */
function openWork(only) {
  byId("work").hidden = false;
  byId("welcome").hidden = only;
  byId("add").hidden = false;
  byId("add").setAttribute("aria-expanded", String(!only));
}

/** @param {number} pane */
function activate(pane) {
  if (!view.compare || view.active === pane) return;
  setView({ active: pane });
}

/** Put a case where the person looks. @param {number} id */
function choose(id) {
  view.shown[view.compare ? view.active : 0] = id;
  setView({});
}

function drawCases() {
  byId("work").hidden = cases.length === 0;
  if (cases.length === 0) byId("welcome").hidden = false;
  reuse(byId("cases"), cases.map(caseTile));
}

/**
 * Replace the entries of a list whose looks have changed: the others keep the focus, and a press that has begun.
 * @param {Element} list
 * @param {HTMLElement[]} entries
 */
function reuse(list, entries) {
  const focused = /** @type {HTMLElement|null} */ (document.activeElement?.closest("[data-case]"));
  const which = focused === null ? -1 : [...focused.querySelectorAll("button")].indexOf(document.activeElement);
  entries.forEach((entry, place) => {
    const there = list.children[place];
    if (there === undefined) list.append(entry);
    else if (!there.isEqualNode(entry)) there.replaceWith(entry);
  });
  [...list.children].slice(entries.length).forEach((entry) => entry.remove());
  if (focused) list.querySelectorAll(`[data-case="${focused.dataset.case}"] button`)[which]?.focus();
}

/** @param {Case} one */
function caseTile(one) {
  const original = one.pictures.original;
  const shown = view.shown.slice(0, view.compare ? 2 : 1).includes(one.id);
  const text = one.answer
    ? `${one.answer.result} · ${scoreText(one.answer.confidence)}`
    : one.trouble
      ? wordsFor(one.trouble.code).what
      : one.progress === null
        ? one.stage
        : `Sending ${percent(one.progress)}`;
  return make(
    "li",
    { "data-case": one.id, class: one.state },
    make(
      "button",
      { type: "button", class: "tile", "aria-pressed": String(shown), click: () => choose(one.id) },
      original
        ? make("img", { src: original.address, alt: "" })
        : make("span", { class: `dot ${one.state}`, "aria-hidden": "true" }),
      make(
        "span",
        { class: "tile-text" },
        make("span", { class: "name" }, one.name),
        make("span", { class: "more" }, text),
      ),
    ),
    make(
      "button",
      {
        type: "button",
        class: "remove",
        "aria-label": `Remove ${one.name}`,
        title: "Remove",
        click: () => removeCase(one),
      },
      "×",
    ),
  );
}

let panelOf = "";

/** The panel speaks of one case, and is written anew only when that case has changed. */
function drawPanel() {
  const shown = activeCase();
  const key = `${shown?.id} ${shown?.state} ${view.tab} ${view.compare}`;
  if (key === panelOf) return;
  panelOf = key;
  const panel = byId("panel");
  if (shown?.state !== "done") return fill(panel, ...waitingPanel(shown));
  const name = view.compare && make("p", { class: "whose" }, shown.name);
  fill(
    panel,
    name,
    ...findingsOf(shown),
    ...backgroundOf(shown),
    keepPart(shown),
    make("p", { class: "disclaimer" }, shown.answer.disclaimer),
  );
  markRegions();
}

/** @param {Case|null} shown */
function waitingPanel(shown) {
  if (shown === null) return [make("p", { class: "more" }, "Choose an image.")];
  if (shown.state === "failed") return [make("p", { class: "more" }, "There is no answer for this image.")];
  return [make("p", { class: "more" }, "Score, regions and view appear here.")];
}

function draw() {
  drawCases();
  const used = view.compare ? panes : panes.slice(0, 1);
  if (byId("panes").children.length !== used.length) fill(byId("panes"), ...used.map((pane) => pane.element));
  byId("panes").classList.toggle("two", view.compare);
  if (view.compare && view.shown[1] === null) {
    view.shown[1] = cases.find((one) => one.id !== view.shown[0])?.id ?? null;
  }
  used.forEach((pane) => pane.update());
  drawPanel();
}

onChange("view", draw);
onChange("cases", draw);
onChange("zoom", () => panes.forEach((pane) => pane.placed()));
onChange("regions", markRegions);
onChange("picked", () => panes.forEach((pane) => pane.reveal()));
keysComeFrom(askInDialog);
wireModel();
wireTabs();
wireTools(() => panes[view.compare ? view.active : 0].viewport);
wireFiles(take);
byId("add").addEventListener("click", () => {
  const closed = byId("welcome").hidden;
  openWork(!closed);
  if (closed) byId("choose").focus();
});
// A gateway's stage without a slash at its end led here by a redirection: its mark has done its work.
if (location.search === "?home") history.replaceState(null, "", location.pathname + location.hash);
setView({});
void wireSamples(take);
