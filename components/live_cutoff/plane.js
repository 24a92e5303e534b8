// The map of two cutoffs. Its cross-hair is dragged with the mouse, by its ring with a finger, or moved with the arrow keys; lines and
// words follow at once from what was sent with the map. Python hears of the pair when it is let go or the keys rest.

import { annotationShape, mount, rewrite, show, symbolPath } from "../figure/figure.js";

const REST = 300; // milliseconds after the last key
const round = (v) => Math.round(v * 10) / 10;

/** Position of the pixel nearest to `at`. */
function nearestOf(pixels, at) {
  return pixels.reduce((best, pixel, i) => (Math.abs(pixel - at) < Math.abs(pixels[best] - at) ? i : best), 0);
}

/** The cell that a key leads to from [i, j] on a map of `nx` x `ny`; undefined for keys that are not ours. */
function cellOf(key, [i, j], nx, ny) {
  const page = Math.max(1, Math.round(ny / 10));
  const step = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1], PageUp: [0, page], PageDown: [0, -page], Home: [-nx, 0], End: [nx, 0] }[key];
  const within = (v, n) => Math.min(n - 1, Math.max(0, v));
  return step && [within(i + step[0], nx), within(j + step[1], ny)];
}

function build(parent) {
  const box = parent.querySelector(".figure"), handle = parent.querySelector(".pair");
  const p = { box, handle, cell: null, dragging: false, timer: 0, from: "" };
  p.view = mount(box, (nonce) => p.set("csv", nonce));
  const start = (event) => {
    if (event.button || p.data.locked || !p.data.x.length) return;
    event.preventDefault();
    Object.assign(p, { dragging: true, before: p.cell });
    event.currentTarget.setPointerCapture(event.pointerId);
    handle.focus({ preventScroll: true });
    box.classList.add("dragging");
    toPointer(p, event);
  };
  const inside = (event) => {
    const { area } = p.view.state.found.frame, at = p.view.svg.getBoundingClientRect();
    const x = event.clientX - at.left - area.x, y = event.clientY - at.top - area.y;
    return x >= 0 && y >= 0 && x <= area.width && y <= area.height;
  };
  p.view.svg.addEventListener("pointerdown", (event) => { if (event.pointerType === "mouse" && inside(event)) start(event); });
  handle.addEventListener("pointerdown", start);
  for (const part of [p.view.svg, handle]) {
    part.addEventListener("pointermove", (event) => p.dragging && toPointer(p, event));
    part.addEventListener("pointerup", () => { if (p.dragging) { stop(p); if (String(p.cell) !== String(p.before)) tell(p); } });
    part.addEventListener("pointercancel", () => p.dragging && back(p));
  }
  handle.addEventListener("keydown", (event) => onKey(p, event));
  p.watch = new ResizeObserver(() => p.data && paint(p));
  p.watch.observe(box);
  return p;
}

function stop(p) {
  p.dragging = false;
  p.box.classList.remove("dragging");
}

/** Where the drag began. */
function back(p) {
  stop(p);
  p.cell = p.before;
  show(p.view, p.data.sent);
  paint(p);
}

function tell(p) {
  clearTimeout(p.timer);
  p.timer = 0;
  p.from = String(p.data.at);
  p.set("pair", { x: p.data.x[p.cell[0]], y: p.data.y[p.cell[1]] });
}

function onKey(p, event) {
  if (event.ctrlKey || event.metaKey || event.altKey || p.data.locked || !p.data.x.length) return;
  if (event.key === "Escape" && p.dragging) { event.preventDefault(); back(p); return; }
  const to = cellOf(event.key, p.cell || closest(p), p.data.x.length, p.data.y.length);
  if (!to) return;
  event.preventDefault();
  event.stopPropagation();
  p.cell = to;
  paint(p);
  clearTimeout(p.timer);
  p.timer = setTimeout(() => tell(p), REST);
}

const pixels = (p) => {
  const { x, y } = p.view.state.found.frame.axes;
  return [p.data.x.map((v) => x.to(v)), p.data.y.map((v) => y.to(v))];
};

/** The cell next to the cutoffs that were sent, which need not be on the map. */
function closest(p) {
  const { x, y } = p.view.state.found.frame.axes, [xs, ys] = pixels(p);
  return [nearestOf(xs, x.to(p.data.at[0])), nearestOf(ys, y.to(p.data.at[1]))];
}

function toPointer(p, event) {
  const at = p.view.svg.getBoundingClientRect(), [xs, ys] = pixels(p);
  const to = [nearestOf(xs, event.clientX - at.left), nearestOf(ys, event.clientY - at.top)];
  p.view.tip.hidden = true;
  if (String(to) === String(p.cell)) return;
  p.cell = to;
  paint(p);
}

/** Cross-hair, ring, words and handle at the chosen cell; only the handle where the cutoffs are no cell. */
function paint(p) {
  const { state, figure } = p.view;
  if (!state.found) return;
  const { frame } = state.found, { area } = frame;
  const within = (v, from, size) => Math.min(from + size, Math.max(from, v));
  const [a, b] = p.cell ? [p.data.x[p.cell[0]], p.data.y[p.cell[1]]] : p.data.at;
  const x = round(within(frame.axes.x.to(a), area.x, area.width)), y = round(within(frame.axes.y.to(b), area.y, area.height));
  p.handle.style.transform = `translate(${x}px, ${y}px)`;
  const words = p.cell ? p.data.words[p.cell[0]][p.cell[1]] : p.data.now;
  p.handle.setAttribute("aria-valuetext", words.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&").replace("\u25cb ", ""));
  p.handle.setAttribute("aria-valuenow", p.cell ? p.cell[0] * p.data.y.length + p.cell[1] : 0);
  if (!p.cell) return;
  const put = (part, attrs) => (state.parts.get(part) || []).forEach((i) => rewrite(state, i, { attrs }));
  put("cross-x", { d: `M${x} ${round(area.y + area.height)}L${x} ${round(area.y)}`, opacity: 1 });
  put("cross-y", { d: `M${round(area.x)} ${y}L${round(area.x + area.width)} ${y}`, opacity: 1 });
  put("pair", { d: symbolPath([[x, y]], "circle-open", 11) });
  const said = figure.layout.annotations.find((annotation) => annotation.name === "now");
  for (const i of state.parts.get("now") || []) rewrite(state, i, annotationShape(frame, figure.layout, { ...said, text: words }));
}

/** True while the pair on screen is newer than the page: under the hand, keys not at rest, or told and not answered yet. */
function awaited(p) {
  if (p.from !== String(p.data.at)) p.from = "";
  return p.dragging || p.timer !== 0 || p.from !== "";
}

const maps = new WeakMap();

function planeComponent({ data, parentElement, setTriggerValue }) {
  const p = maps.get(parentElement) || build(parentElement);
  maps.set(parentElement, p);
  p.set = setTriggerValue;
  p.data = JSON.parse(new TextDecoder().decode(data));
  show(p.view, p.data.sent);
  const { x, y, at, labels } = p.data;
  if (!awaited(p)) p.cell = x.includes(at[0]) && y.includes(at[1]) ? [x.indexOf(at[0]), y.indexOf(at[1])] : null;
  p.handle.hidden = !x.length;
  p.handle.setAttribute("aria-label", `Cutoffs of ${labels.join(" and ")}`);
  p.handle.setAttribute("aria-valuemin", 0);
  p.handle.setAttribute("aria-valuemax", Math.max(0, x.length * y.length - 1));
  p.handle.setAttribute("aria-disabled", Boolean(p.data.locked));
  p.box.classList.toggle("locked", Boolean(p.data.locked));
  paint(p);
  return () => { clearTimeout(p.timer); p.watch.disconnect(); p.view.watch.disconnect(); maps.delete(parentElement); };
}

export { nearestOf, cellOf, planeComponent };
