/** One image on its dark stage: the picture of the chosen tab, its boxes, or why there is none. */

import { fill, make } from "./dom.js";
import { MISSING, percent, scoreText, TABS, wordsFor } from "./words.js";
import { view } from "./state.js";
import { caseOf, removeCase, restart } from "./cases.js";
import { Viewport } from "./viewport.js";
import { boxOf, markRegions, standsFor } from "./regions.js";

/** @typedef {import("./cases.js").Case} Case */
/** @typedef {import("./service.js").Trouble} Trouble */

/** Smallest side of a box that is easy to hit, screen pixels. */
const HANDY = 24;

export class Pane {
  /**
   * @param {number} number
   * @param {{onWindow: (across: number, down: number) => void, onActive: (pane: number) => void}} hooks
   */
  constructor(number, hooks) {
    this.number = number;
    /** @type {Case|null} */
    this.shown = null;
    this.drawn = "";
    this.boxed = "";
    this.title = make("figcaption", { class: "pane-title" });
    this.base = /** @type {HTMLImageElement} */ (make("img", { class: "base", alt: "", draggable: "false" }));
    this.top = /** @type {HTMLImageElement} */ (make("img", { class: "top", alt: "", draggable: "false" }));
    this.film = make("div", { class: "film" }, this.base, this.top);
    this.boxes = make("div", { class: "boxes" });
    this.card = make("div", { class: "card" });
    this.readout = make("p", { class: "readout", "aria-hidden": "true" });
    this.stage = make(
      "div",
      { class: "stage", tabindex: "0", role: "group" },
      this.film,
      this.boxes,
      this.card,
      this.readout,
    );
    this.element = make("figure", { class: "pane" }, this.title, this.stage);
    this.viewport = new Viewport(this.stage, hooks);
    this.element.addEventListener("pointerdown", () => hooks.onActive(number));
    this.element.addEventListener("focusin", () => hooks.onActive(number));
    this.base.addEventListener("load", () => this.measured());
    this.top.addEventListener("load", () => this.measured());
    new ResizeObserver(() => this.placed()).observe(this.stage);
  }

  /** The case that is shown has another picture, another state, or is another one. */
  update() {
    const before = this.shown;
    this.shown = caseOf(view.shown[this.number]);
    if (this.shown !== before) this.viewport.own.reset();
    this.element.classList.toggle("active", view.compare && view.active === this.number);
    const done = this.shown?.state === "done" ? this.shown : null;
    const picture = done?.pictures[view.tab] ?? null;
    this.stage.classList.toggle("filled", picture !== null);
    fill(this.title, ...this.titleParts());
    const label = this.shown ? `${TABS[view.tab]} of ${this.shown.name}` : "No image";
    this.stage.setAttribute("aria-label", `${label}. Plus and minus zoom, arrow keys move, 0 shows all.`);
    this.pictures(done, picture, label);
    this.drawCard(done, picture);
    this.drawBoxes(done, picture);
    this.placed();
  }

  titleParts() {
    if (this.shown === null) return [make("span", { class: "name" }, "Choose an image above")];
    const { name, answer } = this.shown;
    const result = answer && `${answer.result} · ${scoreText(answer.confidence)}`;
    return [make("span", { class: "name" }, name), result && make("span", { class: "result" }, result)];
  }

  /** @param {Case|null} done @param {{address: string}|null} picture @param {string} label */
  pictures(done, picture, label) {
    const original = done?.pictures.original ?? null;
    // The overlay is original + heat, so laid over the original with less opacity it is original + less heat.
    const layered = view.tab === "overlay" && original !== null && picture !== null;
    show(this.base, layered ? original : picture, layered ? "" : label);
    show(this.top, layered ? picture : null, label);
    this.base.style.filter = view.tab === "original" && isWindowed() ? "url(#window)" : "";
    this.top.style.opacity = String(view.heat);
  }

  /** @param {Case|null} done @param {{address: string}|null} picture */
  drawCard(done, picture) {
    const { id, state, stage, progress, since } = this.shown ?? {};
    const key = JSON.stringify([id, state, stage, since, view.tab, picture === null, progress === null]);
    // A button that is pressed has to stay the same one, however often the progress changes.
    if (key === this.drawn) return void tellProgress(this.card, progress ?? null);
    this.drawn = key;
    this.card.hidden = this.shown === null || picture !== null;
    if (this.card.hidden || this.shown === null) return fill(this.card);
    if (this.shown.trouble) return fill(this.card, ...troubleCard(this.shown, this.shown.trouble));
    if (done) return fill(this.card, ...missingCard(done));
    return fill(this.card, ...progressCard(this.shown));
  }

  /** @param {Case|null} done @param {{address: string}|null} picture */
  drawBoxes(done, picture) {
    const labelled = view.tab === "bbox" || view.tab === "cancer_type";
    this.boxes.classList.toggle("labelled", labelled);
    this.boxes.classList.toggle("outlined", view.outlines && !labelled);
    const key = `${done?.id} ${done?.since} ${picture === null}`;
    if (key === this.boxed) return; // a box that is pressed has to stay the same one
    this.boxed = key;
    const regions = picture === null ? [] : (done?.answer.findings.regions ?? []);
    fill(this.boxes, ...regions.map((region) => this.box(/** @type {Case} */ (done), region)));
    markRegions();
  }

  /** @param {Case} done @param {any} region */
  box(done, region) {
    const label = `Region ${region.id}, ${percent(region.share_of_evidence)} of the evidence`;
    const box = make(
      "button",
      { type: "button", class: "box", "aria-label": label },
      make("span", { class: "badge", "aria-hidden": "true" }, region.id),
    );
    box.dataset.box = JSON.stringify(region.bbox);
    standsFor(box, done.id, region.id);
    return box;
  }

  /** A picture has arrived: now its size is known. */
  measured() {
    const image = this.top.hidden ? this.base : this.top;
    if (image.naturalWidth) this.viewport.size = { width: image.naturalWidth, height: image.naturalHeight };
    this.placed();
  }

  /** Put film and boxes where the viewport looks. */
  placed() {
    const { scale, left, top } = this.viewport.transform;
    const { width, height } = this.viewport.size;
    this.film.style.width = `${width}px`;
    this.film.style.height = `${height}px`;
    this.film.style.transform = `translate(${left}px, ${top}px) scale(${scale})`;
    this.stage.classList.toggle("zoomed", this.viewport.place.zoom > 1);
    const status = this.shown?.answer?.image_status[view.tab];
    for (const element of this.boxes.children) {
      const box = /** @type {HTMLElement} */ (element);
      const {
        x,
        y,
        width: w,
        height: h,
      } = boxOf({ bbox: JSON.parse(box.dataset.box ?? "{}") }, status?.scale ?? 1);
      const [wide, high] = [Math.max(HANDY, w * scale), Math.max(HANDY, h * scale)];
      box.style.left = `${left + (x + w / 2) * scale - wide / 2}px`;
      box.style.top = `${top + (y + h / 2) * scale - high / 2}px`;
      box.style.width = `${wide}px`;
      box.style.height = `${high}px`;
    }
    const filled = this.stage.classList.contains("filled");
    this.readout.textContent = filled ? readoutText(this.viewport.place.zoom) : "";
  }

  /** Bring the region that was chosen into view. */
  reveal() {
    const { picked } = view;
    const status = this.shown?.answer?.image_status[view.tab];
    if (picked === null || picked.case !== this.shown?.id || !status?.scale) return;
    const region = this.shown?.answer.findings.regions?.find((one) => one.id === picked.region);
    if (region) this.viewport.show(boxOf(region, status.scale));
  }
}

/** @param {HTMLImageElement} image @param {{address: string}|null} picture @param {string} label */
function show(image, picture, label) {
  image.hidden = picture === null;
  image.alt = label;
  if (picture === null) image.removeAttribute("src");
  else if (image.src !== picture.address) image.src = picture.address;
}

/** Whether level and window differ from the picture as it is. */
function isWindowed() {
  return view.level !== 0.5 || view.width !== 1 || view.invert;
}

/** @param {number} zoom */
function readoutText(zoom) {
  const windowed = view.tab === "original" && isWindowed();
  const shades = `level ${Math.round(100 * view.level)} · window ${Math.round(100 * view.width)}`;
  const parts = [zoom > 1 && `× ${zoom.toFixed(1)}`, windowed && shades, windowed && view.invert && "inverted"];
  return parts.filter(Boolean).join(" · ");
}

/** @param {Case} failed @param {Trouble} trouble */
function troubleCard(failed, trouble) {
  const { what, todo, retryable } = wordsFor(trouble.code);
  const anyway =
    trouble.code === "unsuitable_image" &&
    make(
      "button",
      { type: "button", click: () => restart(failed, { ...failed.options, accept_unsuitable: "true" }) },
      "Analyse it anyway",
    );
  return [
    make("h3", {}, what),
    make("p", {}, todo),
    trouble.detail && make("p", { class: "detail" }, trouble.detail),
    make(
      "div",
      { class: "row" },
      retryable && make("button", { type: "button", class: "primary", click: () => restart(failed) }, "Try again"),
      anyway,
      make("button", { type: "button", click: () => removeCase(failed) }, "Remove"),
    ),
    trouble.requestId && make("p", { class: "fine" }, "Request id ", make("code", {}, trouble.requestId)),
  ];
}

/** @param {Case} done */
function missingCard(done) {
  const status = done.answer.image_status[view.tab];
  return [
    make("h3", {}, MISSING[status.status] ?? "This picture is not there."),
    status.reason && make("p", { class: "detail" }, `${status.reason}.`),
    make("p", {}, "The score, the other pictures and the findings are not affected."),
  ];
}

/** @param {number} progress */
function sendingText(progress) {
  return `Sending … ${percent(progress)}`;
}

/** How far the sending is, in a card that says so already. @param {Element} card @param {number|null} progress */
function tellProgress(card, progress) {
  const bar = card.querySelector("progress");
  if (progress === null || bar === null) return;
  bar.value = progress;
  fill(/** @type {Element} */ (card.querySelector("h3")), sendingText(progress));
}

/** @param {Case} current */
function progressCard(current) {
  const waits = current.state === "waiting";
  const value = current.progress === null ? {} : { value: current.progress.toFixed(3), max: "1" };
  return [
    make("h3", {}, current.progress === null ? `${current.stage} …` : sendingText(current.progress)),
    !waits && make("progress", { ...value, "aria-label": current.stage }),
    make("p", {}, waits ? "One image is analysed at a time." : "The first answer of a quiet service takes longer."),
    make(
      "div",
      { class: "row" },
      make("button", { type: "button", click: () => (waits ? removeCase(current) : current.stop.abort()) }, "Stop"),
    ),
  ];
}
