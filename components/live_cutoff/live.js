// A cutoff that moves: what Python computed for every stop is unpacked here, selected, and drawn. Nothing is computed but pixels.

import { annotationShape, bandPath, barBoxes, barShapes, linePath, rewrite, symbolPath } from "../figure/figure.js";

const LEVELS = 1000, NONE = 65535; // as in charts/pack.py
const TYPES = { uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, float32: Float32Array };

// ---------------------------------------------------------------- the table

/** Header and arrays of an inflated pack. Arrays come as {rows, width}: all stops one after another, `width` values each. */
function unpack(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  return { ...header, buffer, start: 4 + length, read: new Map() };
}

/** The values of a reference at one stop. */
function at(table, ref, stop) {
  let found = table.read.get(ref.at);
  if (!found) {
    const size = ref.shape.reduce((a, b) => a * b, 1), width = size / (ref.shape[0] || 1);
    const rows = new TYPES[ref.type](table.buffer.slice(table.start + ref.at, table.start + ref.at + size * TYPES[ref.type].BYTES_PER_ELEMENT));
    if (ref.step) for (let i = width; i < size; i++) rows[i] += rows[i - width];
    table.read.set(ref.at, (found = { rows, width }));
  }
  return found.rows.subarray(stop * found.width, (stop + 1) * found.width);
}

/** All values of a reference without a first axis of stops. */
const all = (table, ref) => at(table, { ...ref, shape: [1, ...ref.shape] }, 0);

const textAt = (table, ref, stop) => ref.texts[at(table, ref.index, stop)[0]];

/** Position of a stop, -1 for a value that is none. */
function stopOf(stops, value) {
  let low = 0, high = stops.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (stops[middle] === value) return middle;
    if (stops[middle] < value) low = middle + 1; else high = middle - 1;
  }
  return -1;
}

// ---------------------------------------------------------------- parts of figures

const round = (v) => Math.round(v * 10) / 10;
const thousands = (n) => (n < 1000 ? String(n) : String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ","));

/** Corner points of a curve in pixels from (0, `first`) to `end` months; stops early where there is no level. */
function steps(months, levels, end, sx, sy) {
  const found = [[round(sx(0)), round(sy(1))]];
  let level = LEVELS;
  for (let j = 0; j < months.length && months[j] <= end; j++) {
    if (levels[j] === level) continue;
    level = levels[j];
    if (level === NONE) return found;
    found.push([round(sx(months[j])), round(sy(level / LEVELS))]);
  }
  const last = found[found.length - 1], x = round(sx(end));
  if (x > last[0]) found.push([x, last[1]]);
  return found;
}

/** Two pieces of a curve that meet at pixel `x`. */
function cut(points, x) {
  const before = points.filter((p) => p[0] <= x), after = points.filter((p) => p[0] > x);
  if (!after.length || !before.length) return [points, []];
  const joint = [x, before[before.length - 1][1]];
  return [[...before, joint], [joint, ...after]];
}

/** Points of the censoring ticks: on the curve at each marked month. */
function marks(months, flags, curve, sx) {
  const found = [];
  let i = 0;
  for (let j = 0; j < months.length; j++) {
    if (!((flags[j >> 3] >> (j & 7)) & 1)) continue;
    const x = round(sx(months[j]));
    while (i + 1 < curve.length && curve[i + 1][0] <= x) i++;
    found.push([x, curve[i][1]]);
  }
  return found;
}

function put(view, part, attrs) {
  for (const i of view.state.parts.get(part) || []) rewrite(view.state, i, { attrs });
}

const painters = {
  curve(view, table, channel, stop) {
    const { x, y } = view.state.found.frame.axes, g = channel.group;
    const months = all(table, channel.months), end = at(table, channel.end, stop)[0];
    const level = (ref) => steps(months, at(table, ref, stop), end, x.to, y.to);
    const curve = level(channel.survival);
    const [strong, faint] = cut(curve, round(x.to(at(table, channel.faint, stop)[0])));
    put(view, `strong:${g}`, { d: linePath(strong, "hv") });
    put(view, `faint:${g}`, { d: linePath(faint, "hv") });
    if (view.state.parts.has(`band:${g}`)) put(view, `band:${g}`, { d: bandPath(level(channel.high), level(channel.low), "hv") });
    const ticks = marks(all(table, channel.censorMonths), at(table, channel.censored, stop), curve, x.to);
    put(view, `censored:${g}`, { d: symbolPath(ticks, "line-ns-open", 7) });
  },

  cells(view, table, channel, stop) {
    const values = at(table, channel.values, stop), places = view.state.parts.get(channel.part) || [];
    places.forEach((i, j) => rewrite(view.state, i, { attrs: {}, lines: [[{ text: thousands(values[j]), bold: false }]] }));
  },

  words(view, table, channel, stop) {
    const [i] = view.state.parts.get(channel.part) || [];
    if (i === undefined) return;
    const layout = view.figure.layout, words = view.named.get(channel.part);
    const shift = channel.shift ? { yshift: at(table, channel.shift, stop)[0] } : {};
    rewrite(view.state, i, annotationShape(view.state.found.frame, layout, { ...words, text: textAt(table, channel.text, stop), ...shift }));
  },

  upright(view, table, channel, stop) {
    const { frame } = view.state.found, { area } = frame;
    const x = round(frame.axes.x.to(Math.min(Math.max(table.stops[stop], channel.low), channel.high)));
    put(view, channel.part, { d: `M${x} ${round(area.y + area.height)}L${x} ${round(area.y)}` });
  },

  bars(view, table, channel, stop) {
    const counts = at(table, channel.counts, stop), evaluable = at(table, channel.evaluable, stop), sums = new Map();
    channel.parts.forEach((part, c) => {
      const trace = view.traces.get(part);
      if (!trace) return;
      const own = counts.subarray(c * evaluable.length, (c + 1) * evaluable.length);
      const x = trace.x.map((_, i) => (evaluable[i] ? own[i] / evaluable[i] : 0)), text = trace.x.map((_, i) => (own[i] ? String(own[i]) : ""));
      const moved = { ...trace, x, text };
      const shapes = barShapes(moved, barBoxes(moved, view.state.found.frame, sums));
      (view.state.parts.get(part) || []).forEach((i, k) => rewrite(view.state, i, shapes[k]));
    });
  },

  stripes(view, table, channel, stop) {
    const { x, y } = view.state.found.frame.axes, first = view.traces.get("stripe:low");
    if (!first) return;
    const [from, to] = view.figure.layout.meta.stripe.map((v) => round(x.to(v)));
    const paths = {};
    for (const [lane, ...stops] of first.customdata) {
      const high = stops.reduce((sum, s, m) => sum + (s > (m === table.handle ? stop : table.other)), 0);
      const role = channel.roles[Math.min(high, channel.roles.length - 1)];
      paths[role] = `${paths[role] || ""}M${from} ${round(y.to(lane))}H${to}`;
    }
    for (const role of ["low", "mixed", "high"]) put(view, `stripe:${role}`, { d: paths[role] || "" });
  },
};

/** Names of a figure's parts, looked up once per figure. */
function name(view) {
  view.named = new Map((view.figure.layout.annotations || []).filter((a) => a.name).map((a) => [a.name, a]));
  view.traces = new Map(view.figure.data.filter((t) => typeof t.meta === "string").map((t) => [t.meta, t]));
}

/** One figure at one stop. */
function paint(view, table, channels, stop) {
  for (const channel of channels) painters[channel.kind](view, table, channel, stop);
}

// ---------------------------------------------------------------- words

/** Pieces {text, strong} of a line whose only mark is <strong>; everything else stands as it is. */
function pieces(markup) {
  const plain = (s) => s.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&quot;/g, '"').replace(/&#x27;/g, "'").replace(/&amp;/g, "&");
  let strong = false;
  const found = [];
  for (const piece of markup.split(/(<\/?strong>)/)) {
    if (piece === "<strong>") strong = true;
    else if (piece === "</strong>") strong = false;
    else if (piece) found.push({ text: plain(piece), strong });
  }
  return found;
}

/** Let an element say a line. */
function say(element, markup) {
  if (element.said === markup) return;
  element.said = markup;
  element.replaceChildren(...pieces(markup).map(({ text, strong }) => {
    if (!strong) return document.createTextNode(text);
    const node = document.createElement("strong");
    node.textContent = text;
    return node;
  }));
}

/** Let a list say lines. */
function sayAll(list, lines) {
  while (list.children.length > lines.length) list.lastChild.remove();
  while (list.children.length < lines.length) list.append(document.createElement("li"));
  lines.forEach((line, i) => say(list.children[i], line));
}

// ---------------------------------------------------------------- who moves together

/**
 * Tables by name, the parts of the page that follow, and where the cutoff is now. A part has frame(table, stop) and rest(), and may have
 * held() (a hand is on it, or Python has not answered yet) and known(table) (its table has come).
 */
const bus = {
  tables: new Map(),
  parts: new Set(),
  now: null,
  waiting: false,

  async bring(bytes) {
    const inflated = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    const table = unpack(await new Response(inflated).arrayBuffer());
    this.tables.set(table.id, table);
    if (this.tables.size > 6) this.tables.delete(this.tables.keys().next().value);
    for (const part of this.parts) part.known?.(table);
    if (this.now && this.now.id === table.id && this.held()) this.move(this.now.id, this.now.value);
  },

  /** The cutoff of a table moved; every part follows in the next frame, the latest place wins. */
  move(id, value) {
    this.now = { id, value };
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => { this.waiting = false; this.draw(); });
  },

  draw() {
    const table = this.now && this.tables.get(this.now.id);
    const stop = table ? stopOf(table.stops, this.now.value) : -1;
    if (stop < 0) return false;
    for (const part of this.parts) part.frame?.(table, stop);
    return true;
  },

  /** Back to what Python said last. */
  rest() {
    this.now = null;
    for (const part of this.parts) part.rest?.();
  },

  held() {
    return [...this.parts].some((part) => part.held?.());
  },

  /** Python's answer is on the page: true when the cutoff is elsewhere by now, and the answer must not be seen. */
  overtaken(cutoffs) {
    if (!this.now || !this.held()) { this.now = null; return false; }
    const table = this.tables.get(this.now.id);
    return Boolean(table) && cutoffs[table.handle] !== this.now.value;
  },
};

/** A component that only brings a table. */
function tableBringer({ data }) {
  bus.bring(data);
}

export { unpack, at, all, textAt, stopOf, steps, cut, marks, name, paint, pieces, say, sayAll, bus, tableBringer };
