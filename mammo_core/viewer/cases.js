/** The images of this visit: each is a case that waits, is sent, and is answered or fails; one at a time. */

import { say } from "./dom.js";
import { scoreText, wordsFor } from "./words.js";
import { changed, view } from "./state.js";
import { analyse, picturesOf, Trouble } from "./service.js";

/**
 * @typedef {object} Case
 * @property {number} id
 * @property {string} name
 * @property {File} file
 * @property {Record<string, string>} options
 * @property {"waiting"|"running"|"done"|"failed"} state
 * @property {string} stage what is going on, for people
 * @property {number|null} progress 0 to 1 while it is sent, else null
 * @property {number} since when it began, ms
 * @property {any} answer
 * @property {Record<string, {address: string, blob: Blob|null}|null>} pictures
 * @property {Trouble|null} trouble
 * @property {AbortController} stop
 */

/** @type {Case[]} */
export const cases = [];
let lastId = 0;
let running = false;

/**
 * Add a file to those that are analysed.
 * @param {File} file
 * @param {Record<string, string>} options
 * @returns {Case}
 */
export function addCase(file, options) {
  lastId += 1;
  const added = { id: lastId, name: file.name || `image ${lastId}`, file, ...fresh(options) };
  cases.push(added);
  changed("cases");
  void work();
  return added;
}

/** @param {Record<string, string>} options @returns {Omit<Case, "id"|"name"|"file">} */
function fresh(options) {
  const stop = new AbortController();
  const none = { answer: null, pictures: {}, trouble: null, progress: null };
  return { options, state: "waiting", stage: "Waiting", since: 0, stop, ...none };
}

/**
 * Analyse a case again, with other options or after a failure.
 * @param {Case} again
 * @param {Record<string, string>} [options]
 */
export function restart(again, options = again.options) {
  forget(again);
  Object.assign(again, fresh(options));
  changed("cases");
  void work();
}

/** @param {Case} gone */
export function removeCase(gone) {
  if (!cases.includes(gone)) return; // a second click
  gone.stop.abort();
  forget(gone);
  cases.splice(cases.indexOf(gone), 1);
  view.shown = view.shown.map((id) => (id === gone.id ? (cases.at(-1)?.id ?? null) : id));
  changed("cases");
}

/** @param {number|null} id */
export function caseOf(id) {
  return cases.find((one) => one.id === id) ?? null;
}

/** The case that the panel speaks of. */
export function activeCase() {
  return caseOf(view.shown[view.compare ? view.active : 0]);
}

/** Let go of the pictures' memory. @param {Case} done */
function forget(done) {
  for (const picture of Object.values(done.pictures)) {
    if (picture?.blob) URL.revokeObjectURL(picture.address);
  }
}

/** Take one case after the other: a function that is asked for many at once starts as many times. */
async function work() {
  if (running) return;
  running = true;
  for (let next = waiting(); next; next = waiting()) await run(next);
  running = false;
}

function waiting() {
  return cases.find((one) => one.state === "waiting");
}

/** @param {Case} current */
async function run(current) {
  const { stop } = current;
  const tell = (changes) => {
    if (current.stop !== stop) return; // it was started again meanwhile
    Object.assign(current, changes);
    changed("cases");
  };
  tell({ state: "running", since: Date.now() });
  try {
    const answer = await analyse(current.file, current.options, {
      signal: stop.signal,
      stage: (stage) => tell({ stage, progress: null }),
      progress: (progress) => tell(progress < 1 ? { progress } : { progress: null, stage: "Analysing" }),
    });
    const pictures = await picturesOf(answer);
    tell({ state: "done", stage: "Done", progress: null, answer, pictures });
    say(`${current.name}: ${answer.result}, score ${scoreText(answer.confidence)}.`);
  } catch (error) {
    const trouble = error instanceof Trouble ? error : new Trouble("no_answer", String(error));
    tell({ state: "failed", stage: "Failed", progress: null, trouble });
    say(`${current.name}: ${wordsFor(trouble.code).what}`);
  }
}
