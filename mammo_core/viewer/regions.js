/** Regions as boxes on the picture and as entries of a list: to look at one is to look at the other. */

import { changed, view } from "./state.js";

/**
 * Make an element stand for a region: hovering, focusing and clicking it marks the region everywhere.
 * @param {HTMLElement} element
 * @param {number} caseId
 * @param {number} region its id
 */
export function standsFor(element, caseId, region) {
  const me = { case: caseId, region };
  element.dataset.region = `${caseId}-${region}`;
  const look = () => lookAt(me);
  const leave = () => {
    if (same(view.hot, me)) lookAt(null);
  };
  element.addEventListener("pointerenter", look);
  element.addEventListener("pointerleave", leave);
  element.addEventListener("focus", look);
  element.addEventListener("blur", leave);
  element.addEventListener("click", () => {
    view.picked = same(view.picked, me) ? null : me;
    changed("regions");
    changed("picked");
  });
}

/** @param {{case: number, region: number}|null} region */
function lookAt(region) {
  view.hot = region;
  changed("regions");
}

/** @param {{case: number, region: number}|null} one @param {{case: number, region: number}} other */
function same(one, other) {
  return one !== null && one.case === other.case && one.region === other.region;
}

/** Mark every element that stands for the regions that are looked at, or chosen. */
export function markRegions() {
  const name = (one) => (one === null ? null : `${one.case}-${one.region}`);
  const [hot, picked] = [name(view.hot), name(view.picked)];
  for (const element of document.querySelectorAll("[data-region]")) {
    const mine = /** @type {HTMLElement} */ (element).dataset.region;
    element.classList.toggle("hot", mine === hot);
    element.classList.toggle("picked", mine === picked);
    element.setAttribute("aria-pressed", String(mine === picked));
  }
}

/**
 * A region's box in pixels of a picture.
 * @param {any} region
 * @param {number} scale picture pixels per source pixel
 */
export function boxOf(region, scale) {
  const { x1, y1, x2, y2 } = region.bbox;
  return { x: x1 * scale, y: y1 * scale, width: (x2 - x1) * scale, height: (y2 - y1) * scale };
}
