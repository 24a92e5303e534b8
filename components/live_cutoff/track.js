// A cutoff on the marker's own histogram: drag, touch or keys; snaps to measured values. Below it the hazard ratio at every stop.
// The handle and everything that follows it on the page answer at once (see live.js); Python hears of every key press and of the
// release, one message at a time (see `tell`).

import { all, bus } from "./live.js";

const SVG = "http://www.w3.org/2000/svg";
const ROOM = { left: 14, right: 14, top: 20, ground: 60, rug: 66, axis: 78, names: 90, top2: 100, ground2: 130, height: 132 };
const NARROWEST = 2, WIDEST = 16; // ends of the strip's axis: the largest hazard ratio with some room, within these
const round = (v) => Math.round(v * 10) / 10;

/** Position 0..1 of a value on the track. */
function share(value, low, high, log) {
  const f = log ? Math.log10 : (v) => v;
  const at = (f(value) - f(low)) / (f(high) - f(low) || 1);
  return Math.min(1, Math.max(0, Number.isFinite(at) ? at : 0));
}

/** The value at a position 0..1 of the track. */
function valueAt(at, low, high, log) {
  return log ? 10 ** (Math.log10(low) + at * (Math.log10(high) - Math.log10(low))) : low + at * (high - low);
}

/** How many of the ascending `values` are at or below `value`. */
function countUpTo(values, value) {
  let low = 0, high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] <= value) low = middle + 1; else high = middle;
  }
  return low;
}

/** The measured value nearest to a position of the track, as the eye sees it (log distance on a log track). */
function snap(values, at, low, high, log) {
  const i = countUpTo(values, valueAt(at, low, high, log));
  const candidates = [values[i - 1], values[i]].filter((v) => v !== undefined);
  return candidates.sort((a, b) => Math.abs(share(a, low, high, log) - at) - Math.abs(share(b, low, high, log) - at))[0];
}

/** The value `steps` measured values above (or below) the current one, which need not be measured itself. */
function stepped(values, current, steps) {
  const upTo = countUpTo(values, current);
  const measured = upTo > 0 && values[upTo - 1] === current;
  const i = steps > 0 ? upTo - 1 + steps : upTo - (measured ? 1 : 0) + steps;
  return values[Math.min(values.length - 1, Math.max(0, i))];
}

/** The value that a key asks for; undefined for keys that are not ours. */
function keyed(key, values, current) {
  const page = Math.max(1, Math.round(values.length / 10));
  const steps = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: page, PageDown: -page }[key];
  if (steps) return stepped(values, current, steps);
  return { Home: values[0], End: values[values.length - 1] }[key];
}

/** At most four significant digits with thousands separators, as everywhere in the app. */
function numberText(value) {
  if (value === 0) return "0";
  const decimals = Math.max(0, 3 - Math.floor(Math.log10(Math.abs(value))));
  const text = value.toFixed(Math.min(decimals, 20));
  const [whole, rest = ""] = text.split(".");
  const digits = rest.replace(/0+$/, "");
  return (whole.replace(/\B(?=(\d{3})+(?!\d))/g, ",") + (digits ? `.${digits}` : "")).replace("-", "\u2212");
}

/** Path of the histogram's bars between two pixels of the track. */
function barsPath(edges, heights, from, to, ground) {
  let path = "";
  heights.forEach((height, i) => {
    const a = Math.max(edges[i] + 0.5, from), b = Math.min(edges[i + 1] - 0.5, to);
    if (height > 0 && b > a) path += `M${round(a)} ${ground}V${round(ground - height)}H${round(b)}V${ground}Z`;
  });
  return path;
}

/** Which of the names (ascending importance first) can stand at `at` pixels without touching another; true = show. */
function namesThatFit(at, widths, limit) {
  const taken = [];
  return at.map((x, i) => {
    const a = Math.min(Math.max(x - widths[i] / 2, 0), limit - widths[i]), b = a + widths[i];
    const free = taken.every(([c, d]) => b + 6 < c || a - 6 > d);
    if (free) taken.push([a, b]);
    return free;
  });
}

const node = (tag, attrs, parent) => {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attrs)) made.setAttribute(name, value);
  parent.append(made);
  return made;
};

const sliders = new WeakMap();

function build(parent) {
  const box = parent.querySelector(".track");
  const s = { box, svg: box.querySelector("svg"), handle: box.querySelector(".handle"), dragging: false, sent: 0, acknowledged: 0, waiting: null, seen: new Set() };
  const toShare = (event) => {
    const area = box.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - area.left - ROOM.left) / (area.width - ROOM.left - ROOM.right)));
  };
  const dragTo = (event) => {
    const d = s.data;
    move(s, snap(d.values, toShare(event), d.low, d.high, d.log));
  };
  box.addEventListener("pointerdown", (event) => {
    if (event.button || !s.data.values.length || s.data.locked) return;
    event.preventDefault();
    Object.assign(s, { dragging: true, before: s.value });
    box.setPointerCapture(event.pointerId);
    s.handle.focus({ preventScroll: true });
    dragTo(event);
  });
  box.addEventListener("pointermove", (event) => s.dragging && dragTo(event));
  box.addEventListener("pointerup", () => { if (s.dragging) { s.dragging = false; if (s.value !== s.before) tell(s); } });
  box.addEventListener("pointercancel", () => { if (s.dragging) { goBack(s); } });
  s.handle.addEventListener("focus", () => { if (!s.dragging) s.before = s.value; want(s); });
  box.addEventListener("pointerenter", () => want(s));
  s.handle.addEventListener("keydown", (event) => onKey(s, event));
  s.watch = new ResizeObserver(() => s.data && layOut(s));
  s.watch.observe(box);
  s.held = () => ours(s);
  s.known = (table) => { if (s.data && table.id === s.data.table) layOut(s); };
  return s;
}

/** True while the handle is the user's: dragged, or moved and Python has not answered. An answer that never comes must not lock it. */
const ours = (s) => Boolean(s.dragging || s.waiting || (s.sent > s.acknowledged && performance.now() - s.sentAt < 3000));

/** With two markers a table holds for one cutoff of the other: it is made when a hand comes near, not after every move of the other. */
function want(s) {
  if (!s.data?.lazy || s.asked === s.data.table || bus.tables.has(s.data.table)) return;
  s.asked = s.data.table;
  s.set("wanted", s.data.table);
}

function goBack(s) {
  s.dragging = false;
  show(s, s.before);
  bus.rest();
}

function onKey(s, event) {
  if (event.ctrlKey || event.metaKey || event.altKey || !s.data.values.length || s.data.locked) return;
  const value = event.key === "Escape" ? s.before : keyed(event.key, s.data.values, s.value);
  if (value === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  if (event.key === "Escape" && s.dragging) { goBack(s); return; }
  if (value === s.value) return;
  move(s, value);
  tell(s);
}

// One message is under way at a time. Keys that repeat faster than the page answers move the handle at once, and the page hears
// the latest value when it is done with the one before, so nothing stale is ever computed and no answer is cut short.
function tell(s) {
  if (s.waiting) return;
  if (s.sent > s.acknowledged || busy()) {
    const since = performance.now();
    s.waiting = setInterval(() => {
      if ((s.sent > s.acknowledged || busy()) && performance.now() - since < 1500) return;
      clearInterval(s.waiting);
      s.waiting = null;
      send(s);
    }, 8);
    return;
  }
  send(s);
}

function send(s) {
  s.sent = Math.max(s.sent, s.acknowledged) + 1;
  s.sentAt = performance.now();
  s.set("cutoff", { value: s.value, count: s.sent, seen: [...s.seen] });
  s.seen.clear();
}

/** True while the page's script runs. */
const busy = () => document.querySelector('[data-testid="stApp"]')?.getAttribute("data-test-script-state") === "running";

function layOut(s) {
  const d = s.data, width = s.box.clientWidth;
  if (!width) return;
  const inner = width - ROOM.left - ROOM.right;
  s.x = (value) => ROOM.left + share(value, d.low, d.high, d.log) * inner;
  s.width = width;
  s.svg.replaceChildren();
  s.svg.setAttribute("viewBox", `0 0 ${width} ${ROOM.height}`);
  s.svg.setAttribute("width", width);
  s.svg.setAttribute("height", ROOM.height);
  const tallest = Math.max(...d.counts, 1);
  s.edges = d.edges.map(s.x);
  s.heights = d.counts.map((c) => (c ? Math.max(1, (c / tallest) * (ROOM.ground - ROOM.top)) : 0));
  s.low = node("path", { class: "bars", fill: d.colours.low }, s.svg);
  s.high = node("path", { class: "bars", fill: d.colours.high }, s.svg);
  node("path", { class: "rug", d: d.values.map((v) => `M${round(s.x(v))} ${ROOM.ground + 1}v5`).join("") }, s.svg);
  node("path", { class: "line", d: `M${ROOM.left} ${ROOM.rug + 0.5}H${width - ROOM.right}` }, s.svg);
  let last = -Infinity;
  for (const tick of d.axis) {
    const at = s.x(tick), text = numberText(tick), half = text.length * 3 + 5;
    if (at - half < last) continue;
    last = at + half;
    node("text", { class: "axis", x: Math.min(Math.max(at, half - 4), width - half + 4), y: ROOM.axis, "text-anchor": "middle" }, s.svg).textContent = text;
  }
  marks(s);
  strip(s);
  s.line = node("path", { class: "cut" }, s.svg);
  s.bubble = node("text", { class: "value", y: 13 }, s.svg);
  paint(s);
}

function marks(s) {
  const at = s.data.marks.map((m) => s.x(m.value)), widths = s.data.marks.map((m) => m.name.length * 5.3 + 8);
  const shown = namesThatFit(at, widths, s.width);
  s.data.marks.forEach((mark, i) => {
    const group = node("g", { class: "mark" }, s.svg);
    node("title", {}, group).textContent = mark.title;
    node("path", { d: `M${round(at[i])} ${ROOM.top}V${ROOM.rug}`, class: "guide" }, group);
    if (!shown[i]) return;
    const x = Math.min(Math.max(at[i], widths[i] / 2), s.width - widths[i] / 2);
    node("text", { x: round(x), y: ROOM.names, "text-anchor": "middle" }, group).textContent = mark.name;
  });
}

/** The hazard ratio at every stop with its limits, where both groups hold a tenth of the patients; and where the cutoff stands on it. */
function strip(s) {
  const table = bus.tables.get(s.data.table);
  s.dot = null;
  if (!table) return;
  const [value, low, high] = ["value", "ci_low", "ci_high"].map((name) => all(table, table.landscape[name]));
  const largest = value.reduce((most, v) => (v ? Math.max(most, v, 1 / v) : most), 1);
  const end = Math.min(WIDEST, Math.max(NARROWEST, largest * 1.5));
  const middle = (ROOM.top2 + ROOM.ground2) / 2, half = (ROOM.ground2 - ROOM.top2) / 2;
  s.y = (ratio) => round(middle - (Math.log(Math.min(end, Math.max(1 / end, ratio))) / Math.log(end)) * half);
  node("path", { class: "one", d: `M${ROOM.left} ${middle + 0.5}H${s.width - ROOM.right}` }, s.svg);
  const { line, band } = stripPaths(table.stops, value, low, high, s.x, s.y);
  node("path", { class: "ratios-band", d: band }, s.svg);
  node("path", { class: "ratios", d: line }, s.svg);
  node("text", { class: "axis name", x: ROOM.left, y: ROOM.top2 + 3 }, s.svg).textContent = table.landscapeName;
  s.ratios = { stops: table.stops, value };
  s.dot = node("circle", { class: "dot", r: 3.5 }, s.svg);
}

/** Line and band of the strip; 0 = not estimable leaves a gap. */
function stripPaths(stops, value, low, high, x, y) {
  let line = "", band = "", upper = [], lower = [];
  const close = () => {
    if (upper.length > 1) band += `M${upper.join("L")}L${lower.reverse().join("L")}Z`;
    [upper, lower] = [[], []];
  };
  let open = false;
  for (let k = 0; k < stops.length; k++) {
    if (!value[k]) { close(); open = false; continue; }
    const at = round(x(stops[k]));
    line += `${open ? "L" : "M"}${at} ${y(value[k])}`;
    upper.push(`${at} ${y(high[k] || Infinity)}`);
    lower.push(`${at} ${y(low[k])}`);
    open = true;
  }
  close();
  return { line, band };
}

/** The last stop at or below a value: the same groups as the value makes. */
const floorStop = (stops, value) => countUpTo(stops, value) - 1;

function paint(s) {
  const d = s.data, at = s.x(s.value);
  s.low.setAttribute("d", barsPath(s.edges, s.heights, 0, at, ROOM.ground));
  s.high.setAttribute("d", barsPath(s.edges, s.heights, at, s.width, ROOM.ground));
  s.line.setAttribute("d", `M${round(at)} ${ROOM.top - 3}V${ROOM.rug}`);
  const text = `${numberText(s.value)}${d.unit ? ` ${d.unit}` : ""}`;
  s.bubble.textContent = text;
  const half = text.length * 3.6;
  s.bubble.setAttribute("x", round(Math.min(Math.max(at, half), s.width - half)));
  s.handle.style.transform = `translateX(${round(at)}px)`;
  s.handle.setAttribute("aria-valuenow", s.value);
  s.handle.setAttribute("aria-valuetext", text);
  const ratio = s.dot && s.ratios.value[floorStop(s.ratios.stops, s.value)];
  if (s.dot) s.dot.setAttribute("visibility", ratio ? "visible" : "hidden");
  if (ratio) { s.dot.setAttribute("cx", round(at)); s.dot.setAttribute("cy", s.y(ratio)); }
}

function show(s, value) {
  s.value = value;
  if (s.line) paint(s);
}

/** The user moved the handle: the page follows without asking Python. */
function move(s, value) {
  if (value === s.value) return;
  show(s, value);
  s.seen.add(floorStop(s.data.values, value));
  bus.move(s.data.table, value);
}

function trackComponent({ data, parentElement, setStateValue }) {
  const s = sliders.get(parentElement) || build(parentElement);
  sliders.set(parentElement, s);
  bus.parts.add(s);
  s.set = setStateValue;
  const sent = JSON.parse(new TextDecoder().decode(data));
  const shape = JSON.stringify({ ...sent, cutoff: 0, acknowledged: 0, locked: false });
  s.acknowledged = Math.max(s.acknowledged, sent.acknowledged);
  const anew = shape !== s.shape;
  Object.assign(s, { data: sent, shape });
  if (s.value === undefined || !ours(s)) s.value = sent.cutoff;
  if (s.before === undefined) s.before = s.value;
  s.handle.setAttribute("aria-label", sent.label);
  s.handle.setAttribute("aria-valuemin", sent.low);
  s.handle.setAttribute("aria-valuemax", sent.high);
  s.handle.setAttribute("aria-disabled", String(Boolean(sent.locked)));
  s.box.classList.toggle("locked", Boolean(sent.locked));
  if (anew || !s.line) layOut(s); else paint(s);
  return () => { s.watch.disconnect(); clearInterval(s.waiting); bus.parts.delete(s); sliders.delete(parentElement); };
}

export { share, valueAt, countUpTo, snap, stepped, keyed, numberText, barsPath, namesThatFit, stripPaths, trackComponent };
