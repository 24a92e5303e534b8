import assert from "node:assert/strict";
import test from "node:test";
import { bandPath, barBoxes, formatNumber, frameOf, hoverText, linePath, nearest, points, scale, scene, stairs, symbolPath, textLines, ticksOf } from "../../components/figure/figure.js";

const layout = {
  height: 200, margin: { l: 50, r: 30, t: 20, b: 30 }, paper_bgcolor: "#fff", font: { family: "x", size: 12, color: "#000" }, annotations: [], shapes: [],
  xaxis: { range: [0, 24], tickvals: [0, 12, 24], ticktext: ["0", "12", "24"] }, yaxis: { range: [0, 1], tickvals: [0, 1], domain: [0.5, 1], showgrid: true, gridcolor: "#eee" },
  yaxis2: { range: [2.5, -0.5], domain: [0, 0.4], visible: false },
};
const curve = { type: "scatter", mode: "lines", x: [0, 6, 12, 20], y: [1, 0.8, 0.5, 0.5], line: { shape: "hv", color: "#00f", width: 2 }, customdata: [[1, 1, 9], [0.6, 0.9, 8], [null, 0.8, 5], [0.2, 0.8, 1]], hovertemplate: "%{x:.1f} months<br>%{y:.0%} (%{customdata[0]:.0%})<br>%{customdata[2]:,.0f} at risk<extra></extra>" };

test("a linear scale maps range ends to pixel ends, upside down too", () => {
  assert.equal(scale([0, 10], [100, 200])(5), 150);
  assert.equal(scale([0, 1], [300, 100])(0.25), 250);
  assert.equal(scale([2.5, -0.5], [0, 300])(-0.5), 300);
});

test("a log scale takes its range in powers of ten, as Plotly does", () => {
  const s = scale([1, 3], [0, 200], true);
  assert.equal(s(10), 0);
  assert.equal(s(1000), 200);
  assert.ok(Math.abs(s(100) - 100) < 1e-9);
});

test("axes stand in their domain of the inner area", () => {
  const { area, axes } = frameOf(layout, 480, 200);
  assert.deepEqual(area, { x: 50, y: 20, width: 400, height: 150 });
  assert.equal(axes.y.to(0), 95);
  assert.equal(axes.y.to(1), 20);
  assert.equal(axes.y2.to(-0.5), 110);
  assert.equal(axes.x.to(12), 250);
});

test("ticks that would touch lose their text, not their place", () => {
  const { axes } = frameOf(layout, 480, 200);
  assert.deepEqual(ticksOf(axes.x).map((t) => t.text), ["0", "12", "24"]);
  assert.deepEqual(ticksOf(axes.x, 250).map((t) => t.text), ["0", "", "24"]);
  assert.deepEqual(ticksOf(axes.x, 250).map((t) => t.at), [50, 250, 450]);
});

test("a step line goes right first, then down", () => {
  assert.equal(linePath([[0, 10], [5, 20], [9, 20]], "hv"), "M0 10H5V20H9");
  assert.equal(linePath([[0, 10], [5, 20], [9, 20]]), "M0 10L5 20H9");
  assert.equal(linePath([[0, 0], [4, 0], null, [6, 3], [8, 3]]), "M0 0H4M6 3H8");
  assert.deepEqual(stairs([[0, 10], [5, 20]]), [[0, 10], [5, 10], [5, 20]]);
});

test("a band closes along the lower step line", () => {
  assert.equal(bandPath([[0, 1], [4, 2]], [[0, 5], [4, 6]], "hv"), "M0 1H4V2V6V5H0Z");
  assert.equal(bandPath([], [], "hv"), "");
});

test("a missing coordinate is a gap", () => {
  assert.deepEqual(points({ x: [1, 2, 3], y: [1, null, 3] }, (v) => v, (v) => v), [[1, 1], null, [3, 3]]);
});

test("every symbol has a path; all points go into one", () => {
  for (const symbol of ["circle", "circle-open", "square", "diamond", "triangle-right", "triangle-up", "line-ns-open", "x-thin-open", "cross", "arrow-right"]) {
    const path = symbolPath([[10, 10], [20, 20]], symbol, 6);
    assert.ok(path.startsWith("M") && path.split("M").length > 2, symbol);
    assert.doesNotMatch(path, /NaN|undefined/);
  }
  assert.equal(symbolPath([[10, 10], null, [20, 20]], "line-ns-open", 6), "M10 7v6M20 17v6");
});

test("labels read <b> and <br> and nothing else", () => {
  assert.deepEqual(textLines("<b>&gt; 337</b><br>n = 23"), [[{ text: "> 337", bold: true }], [{ text: "n = 23", bold: false }]]);
  assert.deepEqual(textLines("<script>x</script>"), [[{ text: "<script>x</script>", bold: false }]]);
  assert.deepEqual(textLines("&lt;b&gt;x"), [[{ text: "<b>x", bold: false }]]);
});

test("numbers are written as d3 writes them; a missing limit is said", () => {
  assert.equal(formatNumber(10.25, ".1f"), "10.3");
  assert.equal(formatNumber(0.4567, ".1%"), "45.7\u2009%");
  assert.equal(formatNumber(12345, ",.0f"), "12,345");
  assert.equal(formatNumber(5, ""), "5");
  assert.equal(formatNumber(null, ".1f"), "not estimable");
  assert.equal(hoverText(curve, 2), "12.0 months<br>50\u2009% (not estimable)<br>5 at risk");
  assert.equal(hoverText({ hovertext: ["a"] }, 0), "a");
});

test("hovering a step curve finds the step that holds at that month", () => {
  const found = scene({ data: [curve], layout }, 480, 200);
  const { to } = found.frame.axes.x;
  assert.match(nearest(found, to(11.9), 40).text, /^6\.0 months/);
  assert.match(nearest(found, to(12.1), 60).text, /^12\.0 months/);
  assert.equal(nearest(found, to(3), 199), null);
});

test("bars stack from the end of the one before", () => {
  const frame = frameOf({ ...layout, xaxis: { range: [0, 1] }, yaxis: { range: [2, 0] } }, 480, 200);
  const sums = new Map();
  const bar = (x) => ({ type: "bar", orientation: "h", x, y: [0.5, 1.5], width: 0.8 });
  assert.deepEqual(barBoxes(bar([0.25, 0.5]), frame, sums).map((b) => b.slice(0, 2)), [[50, 150], [50, 250]]);
  assert.deepEqual(barBoxes(bar([0.5, 0.5]), frame, sums).map((b) => b.slice(0, 2)), [[150, 350], [250, 450]]);
});

test("the scene keeps its structure when only numbers change, and draws one path per trace", () => {
  const other = { ...curve, x: [0, 3], y: [1, 0.1], customdata: [] };
  const one = scene({ data: [curve], layout }, 480, 200).shapes, two = scene({ data: [other], layout }, 480, 200).shapes;
  assert.deepEqual(one.map((s) => s.tag), two.map((s) => s.tag));
  assert.equal(one.filter((s) => s.attrs.stroke === "#00f").length, 1);
  const empty = scene({ data: [{ ...curve, x: [], y: [] }], layout }, 480, 200).shapes;
  assert.deepEqual(empty.map((s) => s.tag), one.map((s) => s.tag));
});

test("nothing is drawn at an impossible place, even when the panel is very narrow", () => {
  for (const width of [120, 340, 1400]) assert.doesNotMatch(JSON.stringify(scene({ data: [curve], layout }, width, 200).shapes), /NaN|Infinity|null/);
});
