/** Zoom and pan of one stage. Place and scale are kept as shares of the picture, so that tabs and images share them. */

import { changed, view } from "./state.js";

const MOST = 16;
const STEP = 1.25;
const NUDGE = 0.08;

/** Where a stage looks: zoom 1 shows the whole picture, (x, y) is what lies in its middle, 0 to 1. */
class Place {
  constructor() {
    this.reset();
  }

  reset() {
    this.zoom = 1;
    this.x = 0.5;
    this.y = 0.5;
  }
}

/** The place that linked stages share. */
const SHARED = new Place();

export class Viewport {
  /**
   * @param {HTMLElement} stage what catches pointer, wheel and keys
   * @param {{onWindow: (across: number, down: number) => void}} hooks
   */
  constructor(stage, hooks) {
    this.stage = stage;
    this.hooks = hooks;
    this.own = new Place();
    this.size = { width: 1, height: 1 };
    /** @type {Map<number, {x: number, y: number}>} */
    this.pointers = new Map();
    stage.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    stage.addEventListener("pointerdown", (event) => this.down(event));
    stage.addEventListener("pointermove", (event) => this.move(event));
    for (const name of ["pointerup", "pointercancel"]) {
      stage.addEventListener(name, (event) => this.up(/** @type {PointerEvent} */ (event)));
    }
    stage.addEventListener("dblclick", (event) => {
      if (event.target === stage || event.target instanceof HTMLImageElement) this.fit();
    });
    stage.addEventListener("keydown", (event) => this.key(event));
  }

  get place() {
    return view.compare && view.linked ? SHARED : this.own;
  }

  /** Screen pixels per picture pixel when the whole picture is shown. */
  get fitting() {
    const { clientWidth, clientHeight } = this.stage;
    return Math.min(clientWidth / this.size.width, clientHeight / this.size.height) || 1;
  }

  /** Where the picture's corner lies on the stage, and screen pixels per picture pixel. */
  get transform() {
    const scale = this.fitting * this.place.zoom;
    return {
      scale,
      left: this.stage.clientWidth / 2 - this.place.x * this.size.width * scale,
      top: this.stage.clientHeight / 2 - this.place.y * this.size.height * scale,
    };
  }

  fit() {
    this.place.reset();
    changed("zoom");
  }

  /**
   * Zoom, and keep what lies at a point of the stage where it is.
   * @param {number} factor
   * @param {{x: number, y: number}} [at]
   */
  zoomBy(factor, at = { x: this.stage.clientWidth / 2, y: this.stage.clientHeight / 2 }) {
    const before = this.transform;
    const seen = { x: (at.x - before.left) / before.scale, y: (at.y - before.top) / before.scale };
    this.place.zoom = Math.min(MOST, Math.max(1, this.place.zoom * factor));
    const after = this.transform;
    this.panBy(at.x - (after.left + seen.x * after.scale), at.y - (after.top + seen.y * after.scale));
  }

  /** @param {number} right @param {number} down screen pixels */
  panBy(right, down) {
    const { scale } = this.transform;
    this.place.x -= right / (scale * this.size.width);
    this.place.y -= down / (scale * this.size.height);
    this.hold();
    changed("zoom");
  }

  /** Keep the picture on the stage: in the middle if it fits, else without a gap. */
  hold() {
    const { scale } = this.transform;
    const half = {
      x: this.stage.clientWidth / (2 * scale * this.size.width),
      y: this.stage.clientHeight / (2 * scale * this.size.height),
    };
    for (const axis of /** @type {const} */ (["x", "y"])) {
      const [low, high] = half[axis] >= 0.5 ? [0.5, 0.5] : [half[axis], 1 - half[axis]];
      this.place[axis] = Math.min(high, Math.max(low, this.place[axis]));
    }
  }

  /** Bring a part of the picture into view. @param {{x: number, y: number, width: number, height: number}} box */
  show(box) {
    const { scale, left, top } = this.transform;
    const inside =
      left + box.x * scale >= 0 &&
      top + box.y * scale >= 0 &&
      left + (box.x + box.width) * scale <= this.stage.clientWidth &&
      top + (box.y + box.height) * scale <= this.stage.clientHeight;
    if (inside) return;
    this.place.x = (box.x + box.width / 2) / this.size.width;
    this.place.y = (box.y + box.height / 2) / this.size.height;
    this.hold();
    changed("zoom");
  }

  /** @param {WheelEvent} event */
  wheel(event) {
    if (!this.stage.classList.contains("filled")) return;
    event.preventDefault();
    // Trackpads send a pinch as a wheel with the control key, in small steps.
    this.zoomBy(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015)), this.at(event));
  }

  /** @param {MouseEvent} event */
  at(event) {
    const frame = this.stage.getBoundingClientRect();
    return { x: event.clientX - frame.left, y: event.clientY - frame.top };
  }

  /** @param {PointerEvent} event */
  down(event) {
    if (event.button !== 0 || !this.stage.classList.contains("filled")) return;
    this.pointers.set(event.pointerId, this.at(event));
    this.dragged = 0;
  }

  /** @param {PointerEvent} event */
  move(event) {
    const before = this.pointers.get(event.pointerId);
    if (before === undefined) return;
    const now = this.at(event);
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.dragged = (this.dragged ?? 0) + Math.hypot(now.x - before.x, now.y - before.y);
    // A click on a box must reach it; only what moves is a drag.
    if (this.dragged > 4) this.stage.setPointerCapture(event.pointerId);
    if (other !== undefined) this.pinch(before, now, other);
    else if (view.dragWindow && view.tab === "original") this.hooks.onWindow(now.x - before.x, now.y - before.y);
    else if (this.place.zoom > 1) this.panBy(now.x - before.x, now.y - before.y);
    this.pointers.set(event.pointerId, now);
  }

  /**
   * Two fingers: zoom by their distance, about the point between them.
   * @param {{x: number, y: number}} before
   * @param {{x: number, y: number}} now
   * @param {{x: number, y: number}} other
   */
  pinch(before, now, other) {
    const apart = (one) => Math.max(1, Math.hypot(one.x - other.x, one.y - other.y));
    const between = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
    this.zoomBy(apart(now) / apart(before), between);
    this.panBy((now.x - before.x) / 2, (now.y - before.y) / 2);
  }

  /** @param {PointerEvent} event */
  up(event) {
    this.pointers.delete(event.pointerId);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.target !== this.stage || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = NUDGE * Math.min(this.stage.clientWidth, this.stage.clientHeight);
    const does = {
      "+": () => this.zoomBy(STEP),
      "=": () => this.zoomBy(STEP),
      "-": () => this.zoomBy(1 / STEP),
      0: () => this.fit(),
      ArrowLeft: () => this.panBy(step, 0),
      ArrowRight: () => this.panBy(-step, 0),
      ArrowUp: () => this.panBy(0, step),
      ArrowDown: () => this.panBy(0, -step),
    }[event.key];
    // At zoom 1 there is nothing to move: the arrows scroll the page.
    if (does === undefined || (event.key.startsWith("Arrow") && this.place.zoom <= 1)) return;
    event.preventDefault();
    does();
  }
}
