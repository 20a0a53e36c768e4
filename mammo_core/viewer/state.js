/** What is shown, and who wants to know when that changes. */

/** How pictures are shown; the same for every image, so that two can be compared. */
export const view = {
  tab: "overlay",
  heat: 1,
  level: 0.5,
  width: 1,
  invert: false,
  dragWindow: false,
  outlines: false,
  compare: false,
  linked: true,
  /** Which of the panes the panel speaks of. */
  active: 0,
  /** @type {(number|null)[]} Ids of the cases in the panes. */
  shown: [null, null],
  /** @type {{case: number, region: number}|null} Under the pointer, or focused. */
  hot: null,
  /** @type {{case: number, region: number}|null} Chosen by a click. */
  picked: null,
};

/** @type {Record<string, Set<() => void>>} */
const listeners = {};

/**
 * Be told of changes.
 * @param {string} what `view`: how things are shown. `cases`: the list of images, or how far one is.
 *   `regions`: which region is looked at, or chosen. `picked`: another one was chosen. `zoom`: place and scale.
 * @param {() => void} listener
 */
export function onChange(what, listener) {
  (listeners[what] ??= new Set()).add(listener);
}

/**
 * Tell of a change.
 * @param {string} what
 */
export function changed(what) {
  listeners[what]?.forEach((listener) => listener());
}

/**
 * Change how things are shown.
 * @param {Partial<typeof view>} changes
 */
export function setView(changes) {
  Object.assign(view, changes);
  changed("view");
}
