/** What is known about the view, the model and the file: the quieter half of the panel, and the model's card. */

import { byId, make } from "./dom.js";
import { percent, plain, scoreText, short } from "./words.js";
import { fact, factList, folded, known } from "./facts.js";

/** @typedef {import("./cases.js").Case} Case */

/** @param {Case} done @returns {Node[]} */
export function backgroundOf(done) {
  const { answer } = done;
  return [viewPart(answer), modelPart(answer), filePart(answer), timePart(answer)];
}

/** @param {any} answer */
function viewPart({ view_analysis: seen, findings }) {
  const { value: quality } = seen.image_quality;
  const brief = [seen.laterality.value, seen.view_position.value].filter(Boolean).join(" ") || "not known";
  const box = ({ bbox }) => `x ${bbox.x1} to ${bbox.x2}, y ${bbox.y1} to ${bbox.y2}`;
  return folded(
    "View",
    brief,
    factList(
      known("View", seen.view_position, String),
      known("Breast", seen.laterality, (value) => ({ L: "left", R: "right", B: "both" })[value] ?? value),
      known("Hung", seen.orientation),
      known("Density index", seen.density_index, percent),
      known(
        "Breast in the image",
        seen.breast_mask,
        (value) => `${percent(value.breast_fraction)} (${box(value)})`,
      ),
      known("Pectoral muscle", seen.pectoral_muscle, (value) => `${percent(value.share_of_breast)} of the breast`),
      ...(quality === null
        ? [known("Image quality", seen.image_quality)]
        : [
            known("Clipped white", quality.clipped_white, percent),
            known("Clipped black", quality.clipped_black, percent),
            known("Contrast", quality.contrast, percent),
            known("Sharpness", quality.sharpness, short),
            known("Cut off at", quality.cut_off, (edges) => edges.join(", ") || "no edge"),
            known("Muscle visible", quality.pectoral_visible, (value) => (value ? "yes" : "no")),
          ]),
      findings.tissue.method && fact("How the breast was found", findings.tissue.method),
    ),
  );
}

/** @param {any} answer */
function modelPart({ model, scores }) {
  const rows = Object.entries(scores).map(([name, score]) => fact(name, scoreText(Number(score))));
  return folded(
    "Model",
    `${model.id} ${model.version}`,
    factList(
      fact("Name", `${model.id} ${model.version}`, `runs by ${model.backend}`),
      fact("Intended use", model.intended_use ?? "not said"),
      fact("Weights", digest(model.sha256)),
      fact("Manifest", model.manifest_sha256 === null ? "none" : digest(model.manifest_sha256)),
    ),
    make("h4", {}, "Scores of all classes"),
    factList(...rows),
    make("button", { type: "button", click: () => byId("about").click() }, "All that the model declares"),
  );
}

/** @param {any} answer */
function filePart({ input, analysis_id: id, schema_version: version }) {
  const steps = input.preprocessing.map((step) => make("li", {}, step));
  return folded(
    "File",
    `${input.width} × ${input.height}`,
    factList(
      fact("Size", `${input.width} × ${input.height} pixels`),
      fact("Format", input.format),
      known("Pixel spacing", input.pixel_spacing_mm, (value) => `${short(value.x)} × ${short(value.y)} mm`),
      fact("Digest", digest(input.sha256)),
      fact("Analysis", digest(id), `answer of version ${version}`),
    ),
    make("h4", {}, "On the way to the model"),
    make("ol", { class: "steps" }, ...steps),
  );
}

/** @param {any} answer */
function timePart({ timings_ms: timings, cold_start: cold }) {
  const rows = Object.entries(timings).map(([name, ms]) => fact(plain(name), `${Math.round(Number(ms))} ms`));
  const total = Object.values(timings).reduce((sum, ms) => sum + Number(ms), 0);
  return folded(
    "Time",
    `${(total / 1000).toFixed(1)} s`,
    factList(...rows),
    cold &&
      make("p", { class: "more" }, "This answer had to wait for the model to be loaded; the next one will not."),
  );
}

/** @param {string} sha256 */
function digest(sha256) {
  return make("code", { title: sha256 }, `${sha256.slice(0, 12)}…`);
}

/** The model's card. @param {any} card @returns {Node[]} */
export function cardOf(card) {
  const point = (value) =>
    value && [
      scoreText(value.threshold),
      [
        value.sensitivity !== null && `sensitivity ${percent(value.sensitivity)}`,
        value.specificity !== null && `specificity ${percent(value.specificity)}`,
        value.source,
      ]
        .filter(Boolean)
        .join(", "),
    ];
  const points = {
    Threshold: point(card.threshold),
    "Rules out below": point(card.rule_out),
    "Rules in from": point(card.rule_in),
  };
  const measured = card.performance.map(({ metric, value, data }) =>
    make("tr", {}, make("th", { scope: "row" }, metric), make("td", {}, short(value)), make("td", {}, data)),
  );
  const { rows, columns, channels, crop } = card.input;
  return [
    card.demonstration &&
      make("p", { class: "plain" }, "A model for demonstration: it says nothing about real images."),
    factList(
      fact("Name", `${card.id} ${card.version}`, `runs by ${card.backend}`),
      fact("Intended use", card.intended_use ?? "not said"),
      fact("Trained on", card.training_data ?? "not said"),
      fact("Licence", card.licence ?? "not said"),
      fact("Classes", card.classes.join(", "), `“${card.positive}” is the positive one`),
      ...Object.entries(points).map(([name, found]) => found && fact(name, found[0], found[1])),
      fact("Input", `${rows} × ${columns}, ${channels === 1 ? "grey" : "three channels"}`, `crop: ${plain(crop)}`),
      fact("Explained layer", card.target_layer ?? "not said"),
      fact("Weights", digest(card.sha256)),
    ),
    measured.length > 0 &&
      make(
        "table",
        {},
        make("caption", {}, "Measured"),
        make(
          "thead",
          {},
          make("tr", {}, ...["What", "Value", "On"].map((name) => make("th", { scope: "col" }, name))),
        ),
        make("tbody", {}, ...measured),
      ),
  ].filter(Boolean);
}
