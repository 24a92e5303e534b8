// Draws the part of Plotly's figure JSON that CARTograph's charts use, as SVG.
// scene() turns a figure into a flat list of shapes and is pure (tested with node); draw() writes them into nodes that stay
// from one drawing to the next, so that a moved cutoff only sets attributes.

const SVG = "http://www.w3.org/2000/svg";
const round = (v) => Math.round(v * 10) / 10;
const isNumber = (v) => typeof v === "number" && Number.isFinite(v);

// ---------------------------------------------------------------- scales

/** A function from data to pixels. range: [from, to] in data units (log10 units on a log axis); pixels: [start, end]. */
function scale(range, pixels, log = false) {
  const [a, b] = range;
  const k = (pixels[1] - pixels[0]) / (b - a);
  return log ? (v) => pixels[0] + (Math.log10(v) - a) * k : (v) => pixels[0] + (v - a) * k;
}

const axisName = (ref) => ref[0] + "axis" + ref.slice(1);

/** Inner area and one scale per axis of the layout, for a figure of width x height pixels. */
function frameOf(layout, width, height) {
  const m = layout.margin;
  const area = { x: m.l, y: m.t, width: Math.max(width - m.l - m.r, 10), height: Math.max(height - m.t - m.b, 10) };
  const axes = {};
  for (const [name, axis] of Object.entries(layout)) {
    const match = /^([xy])axis(\d*)$/.exec(name);
    if (!match) continue;
    const domain = axis.domain || [0, 1];
    const pixels = match[1] === "x"
      ? [area.x + domain[0] * area.width, area.x + domain[1] * area.width]
      : [area.y + (1 - domain[0]) * area.height, area.y + (1 - domain[1]) * area.height];
    axes[match[1] + match[2]] = { axis, pixels, to: scale(axis.range, pixels, axis.type === "log") };
  }
  return { area, axes, width, height };
}

/** Positions and texts of an axis' ticks; those closer than `apart` pixels to the last one kept lose their text. */
function ticksOf(entry, apart = 0) {
  const { axis, to } = entry;
  const found = [];
  let last = -Infinity;
  (axis.tickvals || []).forEach((value, i) => {
    const at = to(value);
    const free = Math.abs(at - last) >= apart;
    if (free) last = at;
    found.push({ at, text: free ? String((axis.ticktext || axis.tickvals)[i]) : "" });
  });
  return found;
}

// ---------------------------------------------------------------- paths

/** Pixel points of a trace; null where a coordinate is missing (a gap). */
function points(trace, sx, sy) {
  const found = [];
  for (let i = 0; i < trace.x.length; i++) {
    const x = trace.x[i], y = trace.y[i];
    found.push(isNumber(x) && isNumber(y) ? [round(sx(x)), round(sy(y))] : null);
  }
  return found;
}

/** Path of a line through points; shape "hv" goes right first, then up or down. A null starts a new piece. */
function linePath(pts, shape = "linear") {
  let path = "", before = null;
  for (const p of pts) {
    if (p === null) { before = null; continue; }
    if (before === null) path += `M${p[0]} ${p[1]}`;
    else if (shape === "hv" || p[1] === before[1]) {
      if (p[0] !== before[0]) path += `H${p[0]}`;
      if (p[1] !== before[1]) path += `V${p[1]}`;
    } else path += p[0] === before[0] ? `V${p[1]}` : `L${p[0]} ${p[1]}`;
    before = p;
  }
  return path;
}

/** Corner points of a step line. */
function stairs(pts) {
  const found = [];
  pts.forEach((p, i) => {
    if (i && p[1] !== pts[i - 1][1]) found.push([p[0], pts[i - 1][1]]);
    found.push(p);
  });
  return found;
}

/** Closed path between two lines. */
function bandPath(upper, lower, shape = "linear") {
  const corner = (pts) => (shape === "hv" ? stairs(pts) : pts);
  const a = upper.filter(Boolean), b = lower.filter(Boolean);
  return a.length && b.length ? linePath([...corner(a), ...corner(b).reverse()]) + "Z" : "";
}

const SYMBOLS = {
  circle: (x, y, r) => `M${round(x - r)} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`,
  square: (x, y, r) => `M${round(x - r)} ${round(y - r)}h${2 * r}v${2 * r}h${-2 * r}Z`,
  diamond: (x, y, r) => `M${round(x - r)} ${y}l${r} ${-r}l${r} ${r}l${-r} ${r}Z`,
  "triangle-right": (x, y, r) => `M${round(x - r * 0.7)} ${round(y - r)}l${round(r * 1.7)} ${r}l${round(-r * 1.7)} ${r}Z`,
  "triangle-up": (x, y, r) => `M${round(x - r)} ${round(y + r * 0.7)}l${r} ${round(-r * 1.7)}l${r} ${round(r * 1.7)}Z`,
  "line-ns": (x, y, r) => `M${x} ${round(y - r)}v${2 * r}`,
  x: (x, y, r) => `M${round(x - r)} ${round(y - r)}l${2 * r} ${2 * r}m${-2 * r} 0l${2 * r} ${-2 * r}`,
  "arrow-right": (x, y, r) => `M${x} ${y}h${round(2.2 * r)}m${-r} ${-r}l${r} ${r}l${-r} ${r}`,
};
SYMBOLS["x-thin"] = SYMBOLS.x;
SYMBOLS.cross = (x, y, r) => `M${round(x - r)} ${y}h${2 * r}M${x} ${round(y - r)}v${2 * r}`;
const STROKED = new Set(["line-ns", "x", "x-thin", "cross", "arrow-right"]);

/** All symbols of a trace in one path. */
function symbolPath(pts, symbol, size) {
  const make = SYMBOLS[symbol.replace("-open", "")] || SYMBOLS.circle;
  const r = round(size / 2);
  let path = "";
  for (const p of pts) if (p) path += make(p[0], p[1], r);
  return path;
}

// ---------------------------------------------------------------- text

/** Lines of pieces {text, bold} of a label: <b>, <br> and &lt; &gt; &amp; are read, everything else is shown as it stands. */
function textLines(label) {
  const plain = (s) => s.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");
  return String(label).split("<br>").map((line) => {
    const found = [];
    let bold = false;
    for (const piece of line.split(/(<\/?b>)/)) {
      if (piece === "<b>") bold = true;
      else if (piece === "</b>") bold = false;
      else if (piece) found.push({ text: plain(piece), bold });
    }
    return found;
  });
}

/** A number as d3-format writes it, for the formats that the charts use: ".1f", ",.0f", ".1%", "g" (none). */
function formatNumber(value, format) {
  if (!isNumber(value)) return "not estimable";
  const match = /^(,?)(?:\.(\d+))?([f%d]?)$/.exec(format || "");
  if (!match || (!match[2] && !match[3] && !match[1])) return String(value);
  const digits = Number(match[2] || 0);
  let text = (match[3] === "%" ? value * 100 : value).toFixed(digits);
  if (match[1]) text = text.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  return text + (match[3] === "%" ? "\u2009%" : "");
}

/** Text of a point: its hovertext, or the trace's hovertemplate filled in. */
function hoverText(trace, i) {
  if (trace.hovertext) return String(trace.hovertext[i] ?? "");
  const row = trace.customdata?.[i];
  return trace.hovertemplate
    .replace(/<extra>.*?<\/extra>/g, "")
    .replace(/%\{(x|y|customdata\[(\d+)\])(?::([^}]*))?\}/g, (_, name, k, format) => {
      const value = k === undefined ? trace[name][i] : row?.[Number(k)];
      return typeof value === "string" ? value : formatNumber(value, format);
    });
}

// ---------------------------------------------------------------- scene

const FAMILY_DASH = { solid: "none", dash: "7 4", dot: "2 3" };
const ANCHOR = { left: "start", center: "middle", right: "end" };

function textShape(label, x, y, font, { anchor = "start", middle = "middle", angle = 0 } = {}) {
  const lines = textLines(label);
  const step = font.size * 1.17;
  const height = step * (lines.length - 1);
  const first = middle === "top" ? y + font.size * 0.9 : middle === "bottom" ? y - height - font.size * 0.2 : y - height / 2 + font.size * 0.35;
  const attrs = { x: round(x), y: round(first), fill: font.color, "font-size": font.size, "text-anchor": anchor };
  if (angle) attrs.transform = `rotate(${angle} ${round(x)} ${round(y)})`;
  return { tag: "text", attrs, lines, step: round(step) };
}

function gridAndAxes(frame, layout) {
  const back = [], front = [];
  const font = layout.font;
  for (const [ref, entry] of Object.entries(frame.axes)) {
    const { axis, pixels } = entry;
    if (axis.visible === false) continue;
    const across = frame.axes[axis.anchor || (ref[0] === "x" ? "y" : "x")].pixels;
    const size = axis.tickfont?.size || font.size, color = axis.tickfont?.color || font.color;
    const horizontal = ref[0] === "x";
    const apart = horizontal ? size * 1.6 : size * 0.8;
    let grid = "";
    for (const { at, text } of ticksOf(entry, apart)) {
      const p = Math.round(at) + 0.5;
      if (axis.showgrid) grid += horizontal ? `M${p} ${round(across[0])}V${round(across[1])}` : `M${round(across[0])} ${p}H${round(across[1])}`;
      if (axis.showticklabels === false) continue;
      front.push(horizontal
        ? textShape(text, at, across[0] + 5, { size, color }, { anchor: "middle", middle: "top" })
        : textShape(text, across[0] - 6, at, { size, color }, { anchor: "end" }));
    }
    if (axis.showgrid) back.push({ tag: "path", attrs: { d: grid, stroke: axis.gridcolor, "stroke-width": 1, fill: "none" } });
    if (axis.showline) {
      const line = horizontal ? `M${round(pixels[0])} ${round(across[0])}H${round(pixels[1])}` : `M${round(across[0])} ${round(pixels[0])}V${round(pixels[1])}`;
      front.push({ tag: "path", attrs: { d: line, stroke: axis.linecolor, "stroke-width": axis.linewidth || 1, fill: "none" } });
    }
    if (axis.title?.text) {
      const f = { size: axis.title.font?.size || font.size, color: axis.title.font?.color || font.color };
      front.push(horizontal
        ? textShape(axis.title.text, (pixels[0] + pixels[1]) / 2, across[0] + 8 + size, f, { anchor: "middle", middle: "top" })
        : textShape(axis.title.text, 12, (pixels[0] + pixels[1]) / 2, f, { anchor: "middle", angle: -90 }));
    }
  }
  return { back, front };
}

/** Where a reference like "paper", "x" or "y2" puts a value, in pixels. */
function place(frame, ref, value, logged = false) {
  if (ref === "x paper" || ref === "y paper") {
    const { area } = frame;
    return ref[0] === "x" ? area.x + value * area.width : area.y + (1 - value) * area.height;
  }
  const { axis, to } = frame.axes[ref];
  return to(logged && axis.type === "log" ? 10 ** value : value);
}
const refOf = (given, letter) => (!given || given === "paper" ? `${letter} paper` : given);

function layoutShapes(frame, layout, below) {
  return (layout.shapes || []).filter((s) => (s.layer === "below") === below).map((s) => {
    const xr = refOf(s.xref, "x"), yr = refOf(s.yref, "y");
    const [x0, x1] = [s.x0, s.x1].map((v) => (s.xsizemode === "pixel" ? place(frame, xr, s.xanchor) + v : place(frame, xr, v)));
    const [y0, y1] = [s.y0, s.y1].map((v) => place(frame, yr, v));
    const line = { stroke: s.line?.color || "none", "stroke-width": s.line?.width ?? 1, "stroke-dasharray": FAMILY_DASH[s.line?.dash || "solid"], opacity: s.opacity ?? 1 };
    const d = s.type === "line" ? `M${round(x0)} ${round(y0)}L${round(x1)} ${round(y1)}` : `M${round(x0)} ${round(y0)}H${round(x1)}V${round(y1)}H${round(x0)}Z`;
    const shape = { tag: "path", attrs: { d, fill: s.type === "rect" ? s.fillcolor || "none" : "none", ...line } };
    if (s.name) shape.part = s.name;
    return shape;
  });
}

/** The text of one annotation. */
function annotationShape(frame, layout, a) {
  const shape = textShape(
    a.text,
    place(frame, refOf(a.xref, "x"), a.x, true) + (a.xshift || 0),
    place(frame, refOf(a.yref, "y"), a.y, true) - (a.yshift || 0),
    { size: a.font?.size || layout.font.size, color: a.font?.color || layout.font.color },
    { anchor: ANCHOR[a.xanchor || "center"], middle: a.yanchor || "middle", angle: a.textangle || 0 },
  );
  if (a.name) shape.part = a.name;
  return shape;
}

function scatterShapes(trace, pts, before, layout) {
  const found = [];
  const mode = trace.mode || "lines", opacity = trace.opacity ?? 1;
  const line = trace.line || {}, marker = trace.marker || {};
  if (trace.fill === "tonexty" || trace.fill === "toself") {
    const d = trace.fill === "toself" ? (pts.length ? linePath(pts, line.shape) + "Z" : "") : bandPath(pts, before, line.shape);
    found.push({ tag: "path", attrs: { d, fill: trace.fillcolor, stroke: "none", opacity } });
  }
  if (mode.includes("lines") && line.width !== 0) {
    const attrs = { d: linePath(pts, line.shape), fill: "none", stroke: line.color, "stroke-width": line.width ?? 2, "stroke-dasharray": FAMILY_DASH[line.dash || "solid"], "stroke-linejoin": "round", opacity };
    found.push({ tag: "path", attrs });
  }
  if (mode.includes("markers") && marker.opacity !== 0) {
    const symbol = marker.symbol || "circle", open = symbol.endsWith("-open") || STROKED.has(symbol.replace("-open", ""));
    const edge = marker.line || {};
    const attrs = { d: symbolPath(pts, symbol, marker.size || 6), opacity, "stroke-width": edge.width ?? (open ? 1.2 : 0), fill: open ? "none" : marker.color, stroke: open ? marker.color : edge.color || "none" };
    found.push({ tag: "path", attrs });
  }
  if (mode.includes("text")) {
    const font = { size: trace.textfont?.size || layout.font.size, color: trace.textfont?.color || layout.font.color };
    pts.forEach((p, i) => p && found.push(textShape(trace.text[i], p[0], p[1], font, { anchor: "middle" })));
  }
  return found;
}

/** Bars stacked on each other: [x0, x1, y0, y1] in pixels per bar. `sums` keeps the stacks of an axis pair. */
function barBoxes(trace, frame, sums) {
  const ax = frame.axes[trace.xaxis || "x"], ay = frame.axes[trace.yaxis || "y"];
  const flat = trace.orientation === "h";
  return trace.x.map((_, i) => {
    const [at, long] = flat ? [trace.y[i], trace.x[i]] : [trace.x[i], trace.y[i]];
    const key = `${trace.xaxis || "x"}${trace.yaxis || "y"}|${at}`, base = trace.base?.[i] ?? sums.get(key) ?? 0;
    sums.set(key, base + long);
    const half = (Array.isArray(trace.width) ? trace.width[i] : trace.width ?? 0.8) / 2;
    const [along, wide] = flat ? [ax, ay] : [ay, ax];
    const a = [along.to(base), along.to(base + long)], w = [wide.to(at - half), wide.to(at + half)].sort((p, q) => p - q);
    return flat ? [...a, ...w] : [...w, ...a];
  });
}

function barShapes(trace, boxes) {
  const d = boxes.map(([x0, x1, y0, y1]) => (x0 === x1 || y0 === y1 ? "" : `M${round(x0)} ${round(y0)}H${round(x1)}V${round(y1)}H${round(x0)}Z`)).join("");
  const edge = trace.marker.line || {};
  const found = [{ tag: "path", attrs: { d, fill: trace.marker.color, stroke: edge.color || "none", "stroke-width": edge.width || 0 } }];
  (trace.text || []).forEach((text, i) => {
    const [x0, x1, y0, y1] = boxes[i], size = trace.textfont.size;
    const room = x1 - x0 > String(text).length * size * 0.62 + 3 && Math.abs(y1 - y0) > size * 0.95;
    found.push(textShape(room ? text : "", (x0 + x1) / 2, (y0 + y1) / 2, trace.textfont, { anchor: "middle" }));
  });
  return found;
}

/** Everything to draw, in order, and the points that can be hovered. Pure. */
function scene(figure, width, height) {
  const layout = figure.layout;
  const frame = frameOf(layout, width, height);
  const { back, front } = gridAndAxes(frame, layout);
  const shapes = [{ tag: "rect", attrs: { x: 0, y: 0, width, height, fill: layout.paper_bgcolor } }, ...back, ...layoutShapes(frame, layout, true)];
  const hover = [];
  const sums = new Map();
  let before = [];
  for (const trace of figure.data) {
    const ax = frame.axes[trace.xaxis || "x"], ay = frame.axes[trace.yaxis || "y"];
    let pts, made;
    if (trace.type === "bar") {
      const boxes = barBoxes(trace, frame, sums);
      pts = boxes.map(([x0, x1, y0, y1]) => [(x0 + x1) / 2, (y0 + y1) / 2]);
      made = barShapes(trace, boxes);
      if (trace.hoverinfo !== "skip") hover.push({ trace, pts, boxes });
    } else {
      pts = points(trace, ax.to, ay.to);
      made = scatterShapes(trace, pts, before, layout);
      if (trace.hoverinfo !== "skip") hover.push({ trace, pts, steps: trace.line?.shape === "hv" });
    }
    if (trace.cliponaxis !== false && trace.type !== "bar") for (const shape of made) shape.clip = [...ax.pixels, ...ay.pixels];
    if (typeof trace.meta === "string") for (const shape of made) shape.part = trace.meta;
    shapes.push(...made);
    before = pts;
  }
  shapes.push(...layoutShapes(frame, layout, false), ...front, ...(layout.annotations || []).map((a) => annotationShape(frame, layout, a)));
  return { shapes, hover, frame };
}

/** The point under (x, y): {text, x, y}, or null. Bars: the box; steps: the step above x, nearest line; lanes: same row; else nearest. */
function nearest(found, x, y, reach = 40) {
  let best = null, bestDistance = reach;
  for (const { trace, pts, boxes, steps } of found.hover) {
    if (boxes) {
      const i = boxes.findIndex(([x0, x1, y0, y1]) => x >= Math.min(x0, x1) && x <= Math.max(x0, x1) && y >= Math.min(y0, y1) && y <= Math.max(y0, y1));
      if (i >= 0) return { text: hoverText(trace, i), x, y: pts[i][1] };
      continue;
    }
    const rows = trace.meta === "lane";
    pts.forEach((p, i) => {
      if (!p) return;
      if (steps && (x < p[0] || (pts[i + 1] && x >= pts[i + 1][0]))) return;
      const distance = steps || rows ? Math.abs(y - p[1]) : Math.hypot(x - p[0], y - p[1]);
      if (distance < bestDistance) { bestDistance = distance; best = { text: hoverText(trace, i), x: steps ? x : rows ? x : p[0], y: p[1] }; }
    });
  }
  return best;
}

// ---------------------------------------------------------------- drawing

let clips = 0;

function clipId(state, box) {
  const key = box.map(round).join(" ");
  if (!state.clips.has(key)) state.clips.set(key, `clip${++clips}`);
  return state.clips.get(key);
}

function writeClips(svg, state) {
  state.defs.replaceChildren(...[...state.clips].map(([key, id]) => {
    const [x0, x1, y0, y1] = key.split(" ").map(Number);
    const clip = document.createElementNS(SVG, "clipPath"), rect = document.createElementNS(SVG, "rect");
    clip.setAttribute("id", id);
    const box = { x: Math.min(x0, x1) - 1, y: Math.min(y0, y1) - 2, width: Math.abs(x1 - x0) + 2, height: Math.abs(y1 - y0) + 3 };
    for (const [name, value] of Object.entries(box)) rect.setAttribute(name, value);
    clip.append(rect);
    return clip;
  }));
}

function writeText(node, shape) {
  if (shape.lines.length === 1 && shape.lines[0].length <= 1) {
    const piece = shape.lines[0][0] || { text: "", bold: false };
    node.textContent = piece.text;
    if (piece.bold) node.setAttribute("font-weight", 600); else node.removeAttribute("font-weight");
    return;
  }
  node.removeAttribute("font-weight");
  const spans = [];
  shape.lines.forEach((line, row) => line.forEach((piece, i) => {
    const span = document.createElementNS(SVG, "tspan");
    if (i === 0 && row) { span.setAttribute("x", shape.attrs.x); span.setAttribute("y", round(shape.attrs.y + row * shape.step)); }
    if (piece.bold) span.setAttribute("font-weight", 600);
    span.textContent = piece.text;
    spans.push(span);
  }));
  node.replaceChildren(...spans);
}

/** Write what changed of a shape on its node. */
function write(entry, shape) {
  for (const name in shape.attrs) if (entry.attrs[name] !== shape.attrs[name]) entry.node.setAttribute(name, shape.attrs[name]);
  if (!shape.lines) return;
  const text = JSON.stringify([shape.lines, shape.lines.length > 1 ? [shape.attrs.x, shape.attrs.y] : 0]);
  if (text !== entry.text) { writeText(entry.node, shape); entry.text = text; }
}

/** Write some attributes and the text of the shape at position `i` of a drawn figure; the rest of it stays. */
function rewrite(state, i, shape) {
  const entry = state.nodes[i];
  write(entry, shape);
  Object.assign(entry.attrs, shape.attrs);
}

/**
 * Draw a figure into an <svg>. `state` ({} at first) belongs to this svg: it remembers nodes and what is written on them,
 * so that a second drawing of the same structure touches only attributes and texts that changed.
 */
function draw(svg, figure, state) {
  const width = state.width || svg.clientWidth || 400, height = state.height || figure.layout.height;
  const found = scene(figure, width, height);
  if (!state.nodes) {
    Object.assign(state, { nodes: [], clips: new Map(), defs: document.createElementNS(SVG, "defs") });
    svg.replaceChildren(state.defs);
  }
  const known = state.clips.size;
  if (state.drawnWidth !== width || state.drawnHeight !== height) {
    state.clips.clear();
    for (const [name, value] of [["width", width], ["height", height], ["viewBox", `0 0 ${width} ${height}`], ["font-family", figure.layout.font.family]]) svg.setAttribute(name, value);
  }
  const parts = new Map();
  found.shapes.forEach((shape, i) => {
    if (shape.part) parts.set(shape.part, [...(parts.get(shape.part) || []), i]);
    let entry = state.nodes[i];
    if (!entry || entry.tag !== shape.tag) {
      const node = document.createElementNS(SVG, shape.tag);
      if (entry) entry.node.replaceWith(node); else svg.append(node);
      entry = state.nodes[i] = { tag: shape.tag, node, attrs: {}, text: null };
    }
    if (shape.clip) shape.attrs["clip-path"] = `url(#${clipId(state, shape.clip)})`;
    for (const name in entry.attrs) if (!(name in shape.attrs)) entry.node.removeAttribute(name);
    write(entry, shape);
    entry.attrs = shape.attrs;
  });
  for (const entry of state.nodes.splice(found.shapes.length)) entry.node.remove();
  if (state.clips.size !== known || state.drawnWidth !== width || state.drawnHeight !== height) writeClips(svg, state);
  Object.assign(state, { drawnWidth: width, drawnHeight: height, found, parts });
  return found;
}

// ---------------------------------------------------------------- downloads

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function svgText(view) {
  const copy = view.svg.cloneNode(true);
  copy.setAttribute("xmlns", SVG);
  const title = document.createElementNS(SVG, "title");
  title.textContent = view.alt;
  copy.prepend(title);
  copy.removeAttribute("aria-label");
  return '<?xml version="1.0" encoding="UTF-8"?>\n' + new XMLSerializer().serializeToString(copy);
}

async function savePng(view) {
  const url = URL.createObjectURL(new Blob([svgText(view)], { type: "image/svg+xml" }));
  const picture = new Image();
  picture.src = url;
  await picture.decode();
  const canvas = document.createElement("canvas");
  const { drawnWidth, drawnHeight } = view.state;
  [canvas.width, canvas.height] = [2 * drawnWidth, 2 * drawnHeight];
  const context = canvas.getContext("2d");
  context.scale(2, 2);
  context.drawImage(picture, 0, 0, drawnWidth, drawnHeight);
  URL.revokeObjectURL(url);
  canvas.toBlob((blob) => save(blob, `${view.name}.png`), "image/png");
}

// ---------------------------------------------------------------- a figure on the page

/** Take a `.figure` box into use. `ask(nonce)` is called when the numbers are wanted. */
function mount(box, ask) {
  const view = { box, svg: box.querySelector("svg"), tip: box.querySelector(".tip"), state: {}, nonce: "" };
  const [svg, png, csv] = box.querySelectorAll("button");
  svg.onclick = () => save(new Blob([svgText(view)], { type: "image/svg+xml" }), `${view.name}.svg`);
  png.onclick = () => savePng(view);
  csv.onclick = () => ask(`${Date.now()}-${Math.random()}`);
  view.svg.addEventListener("pointermove", (event) => showTip(view, event));
  view.svg.addEventListener("pointerdown", (event) => showTip(view, event));
  view.svg.addEventListener("pointerleave", () => { view.tip.hidden = true; });
  view.watch = new ResizeObserver(([entry]) => {
    view.width = Math.round(entry.contentRect.width) || view.width;
    if (view.figure && view.width !== view.state.drawnWidth) redraw(view);
  });
  view.watch.observe(box);
  return view;
}

/** Show what was sent: {figure, name, alt, height, dark, csv}. */
function show(view, sent) {
  Object.assign(view, { figure: sent.figure, name: sent.name, alt: sent.alt });
  view.state.height = sent.height;
  view.box.style.height = `${sent.height}px`;
  view.box.classList.toggle("dark", sent.dark);
  view.svg.setAttribute("aria-label", sent.alt);
  redraw(view);
  if (sent.csv && sent.csv.nonce !== view.nonce) {
    view.nonce = sent.csv.nonce;
    save(new Blob(["\ufeff" + sent.csv.text], { type: "text/csv;charset=utf-8" }), `${sent.name}.csv`);
  }
}

/** The width comes from the observer: asking the page for it after another figure was drawn would make it lay itself out once more. */
function redraw(view) {
  view.state.width = view.width || Math.round(view.box.clientWidth) || view.state.width;
  if (view.state.width) draw(view.svg, view.figure, view.state);
}

function showTip(view, event) {
  const box = view.svg.getBoundingClientRect();
  const hit = view.state.found && nearest(view.state.found, event.clientX - box.left, event.clientY - box.top);
  view.tip.hidden = !hit || !hit.text;
  if (view.tip.hidden) return;
  view.tip.replaceChildren(...textLines(hit.text.replace(/\n/g, "<br>")).map((line) => {
    const row = document.createElement("div");
    for (const piece of line) {
      const part = document.createElement(piece.bold ? "b" : "span");
      part.textContent = piece.text;
      row.append(part);
    }
    return row;
  }));
  const right = hit.x + 14 + view.tip.offsetWidth > box.width;
  view.tip.style.left = `${Math.max(0, right ? hit.x - 14 - view.tip.offsetWidth : hit.x + 14)}px`;
  view.tip.style.top = `${Math.max(0, Math.min(hit.y - 12, box.height - view.tip.offsetHeight))}px`;
}

const views = new WeakMap();

/** A component of one figure. */
function figureComponent({ data, parentElement, setTriggerValue }) {
  const view = views.get(parentElement) || mount(parentElement.querySelector(".figure"), (nonce) => view.ask("csv", nonce));
  views.set(parentElement, view);
  view.ask = setTriggerValue;
  show(view, JSON.parse(new TextDecoder().decode(data)));
  return () => { view.watch.disconnect(); views.delete(parentElement); };
}

export { scale, frameOf, ticksOf, points, linePath, stairs, bandPath, symbolPath, textLines, formatNumber, hoverText, annotationShape, barBoxes, barShapes, scene, nearest, rewrite, draw, mount, show, redraw, figureComponent };
