/** Tabs and tools: how pictures are shown. */

import { byId } from "./dom.js";
import { changed, onChange, setView, view } from "./state.js";

/** @typedef {import("./viewport.js").Viewport} Viewport */

/** The five tabs, as the ARIA pattern has them: one stop for the Tab key, arrows move between them. */
export function wireTabs() {
  const tabs = [...byId("tabs").querySelectorAll('[role="tab"]')];
  tabs.forEach((tab, index) => {
    tab.addEventListener("click", () => setView({ tab: tab.dataset.tab }));
    tab.addEventListener("keydown", (event) => {
      const last = tabs.length - 1;
      const to = {
        ArrowRight: index === last ? 0 : index + 1,
        ArrowLeft: index === 0 ? last : index - 1,
        Home: 0,
        End: last,
      };
      if (!(event.key in to)) return;
      event.preventDefault();
      tabs[to[event.key]].focus();
      setView({ tab: tabs[to[event.key]].dataset.tab });
    });
  });
  onChange("view", () => {
    for (const tab of tabs) {
      const chosen = tab.dataset.tab === view.tab;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
      if (chosen) tab.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
    byId("panes").setAttribute("aria-labelledby", `tab-${view.tab}`);
  });
}

/**
 * @param {() => Viewport} viewport the one that the buttons move
 */
export function wireTools(viewport) {
  byId("zoom-in").addEventListener("click", () => viewport().zoomBy(1.5));
  byId("zoom-out").addEventListener("click", () => viewport().zoomBy(1 / 1.5));
  byId("fit").addEventListener("click", () => viewport().fit());
  onChange("zoom", () => (byId("zoom").textContent = `${Math.round(100 * viewport().place.zoom)} %`));
  slider("opacity", (value) => setView({ heat: value / 100 }));
  slider("level", (value) => setView({ level: value / 100 }));
  slider("width", (value) => setView({ width: value / 100 }));
  toggle("drag", "dragWindow");
  toggle("invert", "invert");
  toggle("outlines", "outlines");
  toggle("compare", "compare");
  byId("linked").addEventListener("change", (event) => {
    setView({ linked: event.target.checked });
    changed("zoom");
  });
  byId("window-reset").addEventListener("click", () => setView({ level: 0.5, width: 1, invert: false }));
  onChange("view", showTools);
}

/** @param {string} id @param {(value: number) => void} set */
function slider(id, set) {
  byId(id).addEventListener("input", (event) => set(Number(event.target.value)));
}

/** @param {string} id @param {string} field */
function toggle(id, field) {
  byId(id).addEventListener("click", () => setView({ [field]: !view[field] }));
  onChange("view", () => byId(id).setAttribute("aria-pressed", String(view[field])));
}

/** Tools that the chosen picture has no use for are out of the way. */
function showTools() {
  byId("opacity-group").hidden = view.tab !== "overlay";
  byId("window-group").hidden = view.tab !== "original";
  byId("linked-group").hidden = !view.compare;
  byId("opacity").value = String(Math.round(100 * view.heat));
  byId("opacity-value").textContent = `${Math.round(100 * view.heat)} %`;
  byId("level").value = String(Math.round(100 * view.level));
  byId("width").value = String(Math.round(100 * view.width));
  setWindow();
}

/** Level and window as the straight line of an SVG filter: (v − (level − width / 2)) / width. */
function setWindow() {
  const slope = 1 / Math.max(view.width, 0.02);
  const intercept = 0.5 - view.level * slope;
  const [a, b] = view.invert ? [-slope, 1 - intercept] : [slope, intercept];
  for (const part of document.querySelectorAll("#window feFuncR, #window feFuncG, #window feFuncB")) {
    part.setAttribute("slope", a.toFixed(4));
    part.setAttribute("intercept", b.toFixed(4));
  }
}

/** Level and window by dragging, as on a workstation. @param {number} across @param {number} down screen pixels */
export function dragWindow(across, down) {
  const within = (low, high, value) => Math.min(high, Math.max(low, value));
  setView({ width: within(0.04, 2, view.width + across / 300), level: within(0, 1, view.level + down / 300) });
}
