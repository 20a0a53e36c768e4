/** The answer beside the picture: score, warnings, quality of the map, regions. */

import { make } from "./dom.js";
import { MAPS, percent, plain, QUALITY, scoreText, short, sourceWords } from "./words.js";
import { standsFor } from "./regions.js";
import { fact, factList, folded, known, section } from "./facts.js";

/** @typedef {import("./cases.js").Case} Case */

/** @param {Case} done @returns {Node[]} */
export function findingsOf(done) {
  const { answer } = done;
  return [scorePart(answer), warningsPart(answer), qualityPart(answer), regionsPart(done)].filter(Boolean);
}

/** @param {any} answer */
function scorePart(answer) {
  const { confidence, threshold, explanation, findings } = answer;
  const reaches = confidence >= threshold;
  const side = reaches ? "At or above the threshold" : "Below the threshold";
  const { suspicion, birads_like: category } = findings.assessment;
  return make(
    "section",
    { class: "part score" },
    make("p", { class: "verdict" }, answer.result),
    make(
      "p",
      { class: "figure" },
      make("span", { class: "big" }, scoreText(confidence)),
      ` score for “${explanation.explained_class}”, 0 to 1`,
    ),
    scale(confidence, threshold),
    make(
      "p",
      {},
      `${side} of ${scoreText(threshold)}, so the answer is “${answer.result}”. `,
      make("span", { class: "more" }, "The score orders images; it is not the probability of a disease."),
    ),
    factList(
      // Where it is cut takes a paragraph to say: that is below, folded.
      suspicion.value === null ? known("Suspicion", suspicion) : fact("Suspicion", plain(suspicion.value)),
      known("BI-RADS-like", category, plain, "none"),
    ),
    folded(
      "Where it is cut, and why there",
      "",
      factList(
        fact("Threshold", scoreText(threshold), answer.threshold_source),
        fact(
          "Suspicion",
          suspicion.value === null ? "not known" : plain(suspicion.value),
          suspicion.detail ?? suspicion.reason,
        ),
        suspicion.value !== null &&
          category.value !== null &&
          fact("BI-RADS-like", category.value, category.detail),
      ),
    ),
  );
}

/** The score on its scale, with the threshold as a mark. @param {number} score @param {number} threshold */
function scale(score, threshold) {
  const bar = make("span", { class: "fill" });
  const mark = make("span", { class: "mark" });
  bar.style.width = `${100 * score}%`;
  mark.style.left = `${100 * threshold}%`;
  const label = `Score ${scoreText(score)}, threshold ${scoreText(threshold)}`;
  return make("div", { class: "scale", role: "img", "aria-label": label }, bar, mark);
}

/** @param {any} answer */
function warningsPart({ warnings }) {
  if (warnings.length === 0) return null;
  const items = warnings.map(({ code, message }) => make("li", { "data-code": code }, message));
  return section(warnings.length === 1 ? "Warning" : "Warnings", make("ul", { class: "warnings" }, ...items));
}

/** @param {any} answer */
function qualityPart({ explanation }) {
  const { quality, status, reason } = explanation;
  const [name, meaning] = QUALITY[quality.status] ?? [plain(quality.status), ""];
  const issues = quality.issues.map((issue) => make("li", {}, issue));
  return make(
    "section",
    { class: "part" },
    make("h3", {}, "Map ", make("span", { class: `badge-word ${quality.status}` }, name)),
    make("p", {}, status === "ok" ? meaning : MAPS[status], reason && make("span", { class: "more" }, reason)),
    issues.length > 0 && make("ul", { class: "warnings" }, ...issues),
    detailsOfMap(explanation),
  );
}

/** @param {any} explanation */
function detailsOfMap(explanation) {
  const { quality, completeness, cell_size_px: cell, cell_size_mm: mm } = explanation;
  const size = (value) => `${short(value.x)} × ${short(value.y)}`;
  const curve = (value) => `${short(value.area)} (random ${short(value.random_area)})`;
  return folded(
    "How it was made and checked",
    explanation.method,
    factList(
      fact("Method", explanation.method, `layer ${explanation.target_layer ?? "not known"}`),
      fact(
        "Explained score",
        explanation.score === null ? "not known" : short(explanation.score),
        "a logit, before the sigmoid",
      ),
      fact(
        "Bias evidence",
        completeness.bias_evidence === null ? "not known" : short(completeness.bias_evidence),
        "logits that no pixel explains",
      ),
      known("Completeness residual", quality.completeness, short),
      known("Evidence on tissue", quality.evidence_on_tissue, percent),
      known("Occlusion drop", quality.occlusion_drop, short),
      known("Deletion", quality.deletion, curve),
      known("Insertion", quality.insertion, curve),
      known("Agreement with occlusion", quality.occlusion_agreement, short),
      known("Agreement with the mirror image", quality.flip_agreement, short),
      fact(
        "One cell of the map",
        cell === null ? "not known" : `${size(cell)} pixels`,
        mm.value ? `${size(mm.value)} mm` : mm.reason,
      ),
      fact(
        "Colours",
        explanation.colormap,
        explanation.reference_logit === null
          ? null
          : `anchored at ${short(explanation.reference_logit)}: ${explanation.reference_logit_source}`,
      ),
    ),
  );
}

/** @param {Case} done */
function regionsPart(done) {
  const { regions, reason, num_regions: number, tissue } = done.answer.findings;
  if (regions === null || regions.length === 0) {
    return section(
      "Regions",
      make("p", {}, regions === null ? "Not known" : "None", reason && make("span", { class: "more" }, reason)),
    );
  }
  const items = regions.map((region) => make("li", {}, regionButton(done, region)));
  return section(
    number === 1 ? "1 region" : `${number} regions`,
    make("ul", { class: "regions" }, ...items),
    make(
      "p",
      { class: "more" },
      tissue.evidence_on_tissue.value === null
        ? tissue.evidence_on_tissue.reason
        : `${percent(tissue.evidence_on_tissue.value)} of the evidence lies on the breast, `
          + `${percent(regions.reduce((sum, region) => sum + region.share_of_evidence, 0))} in `
          + `${number === 1 ? "this region" : "these regions"}.`,
      // The page leaves `exclude_pectoral` as it is; without this, a bright place without a box looks like a fault.
      done.answer.view_analysis.pectoral_muscle.value === null
        ? null
        : " No region is looked for in the pectoral muscle, however bright the map is there.",
    ),
  );
}

/** @param {Case} done @param {any} region */
function regionButton(done, region) {
  const { type, location } = region;
  const [width, height] = [region.bbox.x2 - region.bbox.x1, region.bbox.y2 - region.bbox.y1];
  const depth = location.depth.value && `${location.depth.value} third`;
  const places = [depth, location.vertical.value, location.horizontal.value].filter(Boolean).join(", ");
  const area = region.area_mm2.value === null ? `${width} × ${height} px` : `${short(region.area_mm2.value)} mm²`;
  const evidence = region.evidence_logit.value === null ? null : `${signed(region.evidence_logit.value)} logits`;
  const drop = region.occlusion_drop.value === null ? null : `filled in: ${signed(-region.occlusion_drop.value)}`;
  const said =
    type.score === null
      ? `no type: ${type.source}`
      : `type score ${scoreText(type.score)}, ${sourceWords(type.source)}`;
  const button = make(
    "button",
    { type: "button", class: "region" },
    make("span", { class: "badge", "aria-hidden": "true" }, region.id),
    make(
      "span",
      { class: "region-text" },
      make("span", { class: "region-name" }, plain(type.label), make("b", {}, percent(region.share_of_evidence))),
      make("span", { class: "more" }, [places, area, evidence, drop].filter(Boolean).join(" · ")),
      make("span", { class: "more" }, said),
    ),
  );
  standsFor(button, done.id, region.id);
  return button;
}

/** @param {number} value */
function signed(value) {
  return value < 0 ? `−${short(-value)}` : `+${short(value)}`;
}
