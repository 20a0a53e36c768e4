/** Talking to the service: requests with progress, keys, large files through a bucket, problems as errors. */

import { bytesText } from "./words.js";

const OFFERED = document.documentElement.dataset;

/** What the service takes, as it wrote into the page. */
export const LIMITS = {
  body: Number(OFFERED.maxBodyBytes),
  upload: Number(OFFERED.maxUploadBytes || 0),
  report: OFFERED.report === "on",
};

/** Of a form around a file: boundaries, headers, and a long file name. */
const FORM_BYTES = 4_000;
const POLL_MS = 2_000;
const PATIENCE_MS = 300_000;
const KEPT_AS = "mammo-key";
const MEDIA_TYPES = ["image/png", "image/jpeg", "image/tiff", "image/webp", "image/bmp", "application/dicom"];

/** Something that went wrong, by the code that {@link wordsFor} knows. */
export class Trouble extends Error {
  /**
   * @param {string} code
   * @param {string} [detail] what the service says, one sentence
   * @param {string} [requestId]
   */
  constructor(code, detail = "", requestId = "") {
    super(detail || code);
    this.code = code;
    this.detail = detail;
    this.requestId = requestId;
  }
}

/** @type {(trouble: Trouble, again: boolean) => Promise<string|null>} Asks the person for a key. */
let askForKey = async () => null;

/**
 * Say who asks for a key when the service wants one.
 * @param {typeof askForKey} asks
 */
export function keysComeFrom(asks) {
  askForKey = asks;
}

/** @typedef {{progress?: (share: number) => void, stage?: (text: string) => void, signal?: AbortSignal}} Hooks */

/**
 * Send a request; only a connection that fails is an error here.
 * @param {string} method
 * @param {string|URL} address
 * @param {{body?: FormData|null, headers?: Record<string, string>, hooks?: Hooks}} [options]
 * @returns {Promise<XMLHttpRequest>}
 */
function send(method, address, { body = null, headers = {}, hooks = {} } = {}) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, address);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) hooks.progress?.(event.loaded / event.total);
    };
    request.upload.onload = () => hooks.progress?.(1);
    request.onload = () => resolve(request);
    request.onerror = () => reject(new Trouble("no_connection"));
    request.onabort = () => reject(new Trouble("cancelled"));
    hooks.signal?.addEventListener("abort", () => request.abort());
    if (hooks.signal?.aborted) return reject(new Trouble("cancelled"));
    return request.send(body);
  });
}

/**
 * Ask the service itself, with the key if there is one, and for one if it wants one.
 * @param {string} method
 * @param {string} path relative to the page
 * @param {{body?: FormData|null, hooks?: Hooks}} [options]
 * @returns {Promise<any>} what it answers
 */
async function ask(method, path, options = {}) {
  const address = new URL(path, document.baseURI);
  for (;;) {
    const kept = storedKey();
    const request = await send(method, address, { ...options, headers: kept ? { [kept.header]: kept.value } : {} });
    const refused = request.status === 401 || request.status === 403;
    if (request.status < 400) return parsed(request);
    const trouble = troubleOf(request);
    if (!refused) throw trouble;
    if (storedKey()?.value !== kept?.value) continue; // another request has got one meanwhile
    const value = await keyFor(trouble, kept !== null);
    if (value === null) throw trouble;
    const header = request.status === 401 ? "authorization" : "x-api-key";
    keepKey({ header, value });
  }
}

/** @type {Promise<string|null>|null} */
let asking = null;

/** Ask the person once, however many requests want to know. @param {Trouble} trouble @param {boolean} again */
function keyFor(trouble, again) {
  return (asking ??= askForKey(trouble, again).finally(() => (asking = null)));
}

/** @type {{header: string, value: string}|null} */
let lastKey = null;

/**
 * Keep a key for this tab; where a browser keeps nothing (some frames), until the page is left.
 * @param {{header: string, value: string}} key
 */
function keepKey(key) {
  lastKey = key;
  try {
    sessionStorage.setItem(KEPT_AS, JSON.stringify(key));
  } catch {
    // It is still known here.
  }
}

function storedKey() {
  try {
    lastKey ??= JSON.parse(sessionStorage.getItem(KEPT_AS) ?? "null");
  } catch {
    // There is no store: then only this page's own key is known.
  }
  return lastKey;
}

/** @param {XMLHttpRequest} request */
function parsed(request) {
  try {
    return JSON.parse(request.responseText);
  } catch {
    throw new Trouble("no_answer", "", request.getResponseHeader("x-request-id") ?? "");
  }
}

/** @param {XMLHttpRequest} request */
function troubleOf(request) {
  const byStatus = {
    401: "unauthorized",
    403: "forbidden",
    413: "payload_too_large",
    429: "too_many_requests",
    502: "no_answer",
    503: "model_unavailable",
    504: "gateway_timeout",
  };
  let problem = {};
  try {
    problem = JSON.parse(request.responseText) ?? {};
  } catch {
    // A proxy's own page: its status has to do.
  }
  const code = problem.code ?? byStatus[request.status] ?? "internal_error";
  return new Trouble(
    code,
    problem.detail ?? "",
    problem.request_id ?? request.getResponseHeader("x-request-id") ?? "",
  );
}

/**
 * Analyse a file, whichever way it has to go.
 * @param {File} file
 * @param {Record<string, string>} options query of the analysis
 * @param {Hooks} hooks
 * @returns {Promise<any>} the answer
 */
export async function analyse(file, options, hooks) {
  if (file.size === 0) throw new Trouble("empty_file");
  if (file.size + FORM_BYTES <= LIMITS.body) {
    hooks.stage?.("Sending");
    return ask("POST", `analyze?${new URLSearchParams(options)}`, { body: formOf(file), hooks });
  }
  const [most, code] = LIMITS.upload ? [LIMITS.upload, "too_large"] : [LIMITS.body, "too_large_here"];
  if (code === "too_large_here" || file.size > most) {
    throw new Trouble(code, `The file has ${bytesText(file.size)}; at most ${bytesText(most)} are accepted.`);
  }
  return analyseThroughBucket(file, options, hooks);
}

/** @param {File} file */
function formOf(file) {
  const form = new FormData();
  form.append("file", file, file.name);
  return form;
}

/**
 * Put the file into the bucket, and wait for the worker.
 * @param {File} file
 * @param {Record<string, string>} options
 * @param {Hooks} hooks
 */
async function analyseThroughBucket(file, options, hooks) {
  hooks.stage?.("Asking for a place to put it");
  const query = new URLSearchParams({ ...options, content_type: mediaTypeOf(file) });
  const offered = await ask("POST", `uploads?${query}`);
  if (file.size > offered.max_bytes) throw new Trouble("too_large");
  hooks.stage?.("Sending");
  const form = new FormData();
  for (const [name, value] of Object.entries(offered.fields)) form.append(name, String(value));
  form.append("file", file); // S3 reads nothing that comes after it
  const stored = await send("POST", offered.url, { body: form, hooks });
  if (stored.status >= 400) throw new Trouble("upload_refused", `The storage answered ${stored.status}.`);
  hooks.stage?.("Waiting for its turn");
  return result(offered.analysis, hooks);
}

/** @param {File} file */
function mediaTypeOf(file) {
  if (MEDIA_TYPES.includes(file.type)) return file.type;
  return /\.(dcm|dicom)$/i.test(file.name) ? "application/dicom" : "application/octet-stream";
}

/**
 * Ask until the worker has answered.
 * @param {string} path
 * @param {Hooks} hooks
 */
async function result(path, hooks) {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end;) {
    const state = await ask("GET", path, { hooks });
    if (state.status === "succeeded") return state.answer;
    if (state.error) throw new Trouble(state.error.code, state.error.detail, state.request_id ?? "");
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new Trouble("upload_pending");
}

/** Whether a file goes with a request; only then can a report be asked for. @param {File} file */
export function fitsRequest(file) {
  return file.size + FORM_BYTES <= LIMITS.body;
}

/**
 * The report of a file.
 * @param {File} file
 * @param {Record<string, string>} options of the analysis; a report draws its pictures in a size of its own
 * @returns {Promise<Blob>}
 */
export async function report(file, options) {
  const asked = Object.fromEntries(Object.entries(options).filter(([name]) => name !== "max_side"));
  const made = await ask("POST", `report?${new URLSearchParams(asked)}`, { body: formOf(file) });
  if (made.pdf) return blobOf(made.pdf, "application/pdf");
  return new Blob([made.html ?? ""], { type: "text/html" });
}

/** What the model declares about itself. */
export function modelCard() {
  return ask("GET", "model");
}

/** The samples: files that the page carries. @returns {Promise<any[]>} */
export async function samples() {
  return (await ask("GET", OFFERED.samples ?? "")).samples;
}

/**
 * The pictures of an answer as addresses that this page can show: base64, or links into a bucket.
 * @param {any} answer
 * @returns {Promise<Record<string, {address: string, blob: Blob|null}|null>>}
 */
export async function picturesOf(answer) {
  const entries = Object.entries(answer.images).map(async ([name, data]) => [
    name,
    data === null ? null : await pictureOf(data, answer.image_status[name].media_type),
  ]);
  return Object.fromEntries(await Promise.all(entries));
}

/** @param {string} data @param {string} mediaType */
async function pictureOf(data, mediaType) {
  if (!/^https?:/.test(data)) return shown(blobOf(data, mediaType));
  try {
    return shown(await (await fetch(data)).blob());
  } catch {
    return { address: data, blob: null }; // a bucket that lets pages show, but not read
  }
}

/** @param {Blob} blob */
function shown(blob) {
  return { address: URL.createObjectURL(blob), blob };
}

/**
 * Bytes of a base64 text.
 * @param {string} base64
 * @param {string} type
 */
export function blobOf(base64, type) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
  return new Blob([bytes], { type });
}
