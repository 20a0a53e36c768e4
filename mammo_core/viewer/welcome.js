/** How images come in: chosen, dropped, or out of the page's own samples. */

import { byId, fill, make } from "./dom.js";
import { bytesText } from "./words.js";
import { blobOf, LIMITS, samples } from "./service.js";

/**
 * @param {(files: File[]) => void} take
 */
export function wireFiles(take) {
  const input = byId("files");
  byId("choose").addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    take([...input.files]);
    input.value = ""; // so that the same file can be chosen again
  });
  let inside = 0;
  const carries = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  const mark = () => document.body.classList.toggle("dropping", inside > 0);
  document.addEventListener("dragenter", (event) => {
    if (!carries(event)) return;
    inside += 1;
    mark();
  });
  document.addEventListener("dragleave", (event) => {
    if (!carries(event)) return;
    inside = Math.max(0, inside - 1);
    mark();
  });
  document.addEventListener("dragover", (event) => {
    if (carries(event)) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    inside = 0;
    mark();
    take([...(event.dataTransfer?.files ?? [])]);
  });
  byId("limits").textContent = limitsText();
}

function limitsText() {
  const kinds = "PNG, JPEG, TIFF, BMP, WebP or DICOM";
  if (LIMITS.upload) return `${kinds}, up to ${bytesText(LIMITS.upload)} each. Larger ones take a little longer.`;
  return `${kinds}, up to ${bytesText(LIMITS.body)} each.`;
}

/** The options as the form has them; what is left as it is, the service decides. */
export function currentOptions() {
  const given = [...new FormData(byId("options-form"))].filter(([, value]) => value !== "");
  return Object.fromEntries(given.map(([name, value]) => [name, String(value)]));
}

/**
 * Show the samples; without them, the page does what it does.
 * @param {(files: File[]) => void} take
 */
export async function wireSamples(take) {
  const list = byId("samples");
  try {
    const found = await samples();
    fill(list, ...found.map((sample) => sampleCard(sample, take)));
  } catch {
    fill(list, make("li", { class: "hint" }, "The samples could not be loaded."));
  }
}

/** @param {any} sample @param {(files: File[]) => void} take */
function sampleCard(sample, take) {
  const blob = blobOf(sample.image, sample.media_type);
  const file = new File([blob], sample.file_name, { type: sample.media_type });
  return make(
    "li",
    {},
    make(
      "button",
      { type: "button", class: "sample", click: () => take([file]) },
      make("img", { src: URL.createObjectURL(blob), alt: "", width: sample.width, height: sample.height }),
      make("span", { class: "sample-name" }, sample.title),
      make("span", { class: "hint" }, sample.description),
    ),
  );
}
