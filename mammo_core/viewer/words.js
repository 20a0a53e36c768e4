/** Words for what the service says in names: the five pictures, errors, sources, states. */

/** The pictures in the order of their tabs, by their names in the answer. */
export const TABS = {
  original: "Original",
  heatmap_only: "Heatmap",
  overlay: "Overlay",
  bbox: "Bounding boxes",
  cancer_type: "Cancer type",
};

/** What went wrong, and what to do, by the code of a problem; those of the page itself come last. */
const TROUBLES = {
  invalid_request: ["The service did not understand the request.", "Check the options, then try again."],
  invalid_input: ["This file cannot be used.", "Choose another one."],
  payload_too_large: ["The image is too large.", "Send one with fewer pixels, or a compressed file."],
  unsupported_media: [
    "This is not an image that can be read here.",
    "PNG, JPEG, TIFF, BMP, WebP and DICOM can. Export the image as one of them.",
  ],
  unreadable_image: [
    "The file is damaged or incomplete.",
    "Copy or export it again. If it opens elsewhere, save it as PNG and send that.",
  ],
  unsuitable_image: [
    "This does not look like a single mammographic view.",
    "Send one 2D view for presentation: no tomosynthesis, no photograph, no screenshot with frames.",
  ],
  not_found: ["That is not there, or not any more.", "Send the image again."],
  storage_unavailable: ["The service cannot reach its storage just now.", "Wait a few seconds, then try again."],
  model_unavailable: [
    "The service has no model it can load just now.",
    "Try again in a minute. If it stays so, whoever runs the service has to look: no score is made up instead.",
  ],
  out_of_time: ["The service ran out of time.", "Try again: the model is loaded now."],
  dependency_failed: ["Something the service relies on failed.", "Try again in a minute."],
  access_denied: [
    "The service may not read something it needs.",
    "Tell whoever runs it; trying again will not help.",
  ],
  misconfigured: ["The service is not set up correctly.", "Tell whoever runs it; trying again will not help."],
  model_integrity: [
    "The model is not the one that was expected, so it is not used.",
    "Tell whoever runs the service; trying again will not help.",
  ],
  target_layer: ["The model has no layer that can be explained.", "Tell whoever runs the service."],
  compilation_failed: ["The model cannot be compiled.", "Tell whoever runs the service."],
  inference_failed: [
    "The model gave no usable score for this image.",
    "Try another image, and tell whoever runs the service.",
  ],
  render_failed: ["A picture could not be drawn.", "Tell whoever runs the service."],
  report_failed: ["The report could not be made.", "The answer is not affected: save it as JSON instead."],
  internal_error: [
    "Something broke in the service.",
    "Try again. If it happens twice, report the request id below.",
  ],
  method_not_allowed: [
    "The service does not take this request.",
    "Reload the page: it may be older than the service.",
  ],
  unauthorized: ["You are not signed in.", "Enter your token and try again."],
  forbidden: [
    "The service does not let you do this.",
    "Enter a valid key, or ask whoever runs the service for one.",
  ],
  too_many_requests: ["That was too much at once.", "Wait a little, then try again."],
  gateway_timeout: ["The answer took too long.", "Try again: the model is loaded now, so it will be quicker."],
  no_connection: ["The service cannot be reached.", "Check your connection, then try again."],
  no_answer: ["The answer could not be read.", "Try again. A gateway or proxy in between may have cut it off."],
  cancelled: ["You stopped this one.", "Try again when you like."],
  empty_file: ["The file is empty.", "Choose another one."],
  too_large_here: [
    "The file is larger than a request to this service may be.",
    "Save it as PNG or JPEG, or as a compressed DICOM file. Whoever runs the service can switch on uploads of large files.",
  ],
  too_large: ["The file is larger than this service takes at all.", "Send a smaller or compressed file."],
  upload_refused: [
    "The storage did not take the file.",
    "Try again: the form for it is valid for five minutes only.",
  ],
  upload_pending: [
    "The file was sent, but its result is not there yet.",
    "Try again later. If it stays so, tell whoever runs the service: the queue may be stuck.",
  ],
};

/** The file is at fault: the same file would fail again. */
const HOPELESS = new Set([
  "invalid_input",
  "payload_too_large",
  "unsupported_media",
  "unreadable_image",
  "unsuitable_image",
  "empty_file",
  "too_large_here",
  "too_large",
]);

/**
 * What went wrong, what to do about it, and whether the same may go well another time.
 * @param {string} code
 * @returns {{what: string, todo: string, retryable: boolean}}
 */
export function wordsFor(code) {
  const [what, todo] = TROUBLES[code] ?? TROUBLES.internal_error;
  return { what, todo, retryable: !HOPELESS.has(code) };
}

/** Where a value comes from. */
const SOURCES = {
  dicom_tag: "from a DICOM tag",
  request: "as you said",
  file_name: "from the file’s name",
  pixels: "measured on the pixels",
  model: "from the model",
  manifest: "by the model’s manifest",
  default: "a default",
};

/** @param {string|null|undefined} source */
export function sourceWords(source) {
  return source ? (SOURCES[source] ?? source.replaceAll("_", " ")) : "";
}

/** Why a picture is not there, by its status. */
export const MISSING = {
  not_requested: "This picture was not asked for.",
  unavailable: "What this picture shows could not be computed.",
  failed: "This picture could not be drawn.",
};

/** What the badge of a map means. */
export const QUALITY = {
  good: ["Good", "All that was measured speaks for the map."],
  doubtful: ["Doubtful", "Something measured speaks against the map."],
  not_checked: ["Not checked", "Nothing was measured that could speak against the map."],
};

/** What the status of a map means. */
export const MAPS = {
  ok: "There is evidence to show.",
  no_positive_evidence: "No part of the image speaks for the explained class: the map is empty, and left so.",
  degenerate: "The map is the same everywhere: nothing is localised.",
  unavailable: "There is no map for this answer.",
};

/**
 * A name as words: `region_of_attention` becomes “region of attention”.
 * @param {string} name
 */
export function plain(name) {
  return String(name).replaceAll("_", " ");
}

/**
 * A score with three digits, that does not claim to be 0 or 1 when it is not.
 * @param {number} score
 */
export function scoreText(score) {
  if (score > 0.9995 && score < 1) return "> 0.999";
  if (score > 0 && score < 0.0005) return "< 0.001";
  return score.toFixed(3);
}

/** @param {number} share */
export function percent(share) {
  return `${(100 * share).toFixed(share > 0 && share < 0.0995 ? 1 : 0)} %`;
}

/** @param {number} value */
export function short(value) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  return size >= 1000 || size < 0.001 ? value.toExponential(1) : String(Number(value.toPrecision(3)));
}

/** @param {number} bytes */
export function bytesText(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  if (bytes < 1_000_000) return `${Math.round(bytes / 1000)} kB`;
  return `${(bytes / 1_000_000).toFixed(bytes < 100_000_000 ? 1 : 0)} MB`;
}
