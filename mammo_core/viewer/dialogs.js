/** The two dialogs: one asks for a key, the other shows the model's card. */

import { byId, fill, make } from "./dom.js";
import { wordsFor } from "./words.js";
import { modelCard, Trouble } from "./service.js";
import { cardOf } from "./about.js";

/**
 * Ask for what the service wants to see.
 * @param {Trouble} trouble
 * @param {boolean} again the key that was sent is not valid
 * @returns {Promise<string|null>} null if the person does not want to
 */
export function askInDialog(trouble, again) {
  const dialog = byId("key-dialog");
  const input = byId("key");
  byId("key-label").textContent = trouble.code === "unauthorized" ? "Token" : "API key";
  byId("key-why").textContent = [again && "What was sent was not accepted.", trouble.detail]
    .filter(Boolean)
    .join(" ");
  return new Promise((resolve) => {
    const close = (value) => {
      dialog.removeEventListener("cancel", refuse);
      byId("key-form").removeEventListener("submit", accept);
      byId("key-cancel").removeEventListener("click", refuse);
      input.value = ""; // nobody reads it off the page
      if (dialog.open) dialog.close();
      resolve(value);
    };
    const refuse = () => close(null);
    const accept = (event) => {
      event.preventDefault();
      close(input.value.trim());
    };
    dialog.addEventListener("cancel", refuse);
    byId("key-form").addEventListener("submit", accept);
    byId("key-cancel").addEventListener("click", refuse);
    dialog.showModal();
    input.focus();
  });
}

/** Show what the model declares. */
async function showModel() {
  const [dialog, card] = [byId("model-dialog"), byId("model-card")];
  fill(card, make("p", {}, "Asking the service …"));
  dialog.showModal();
  try {
    fill(card, ...cardOf(await modelCard()));
  } catch (error) {
    const { what, todo } = wordsFor(error instanceof Trouble ? error.code : "no_answer");
    fill(card, make("p", {}, make("strong", {}, what), " ", todo));
  }
}

/** Make buttons open and close the dialog of the model. */
export function wireModel() {
  byId("about").addEventListener("click", () => void showModel());
  byId("model-close").addEventListener("click", () => byId("model-dialog").close());
}
