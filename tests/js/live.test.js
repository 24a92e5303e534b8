// The live table: unpacked, selected, and turned into paths and words.

import assert from "node:assert/strict";
import { test } from "node:test";

import { all, at, bus, cut, marks, paint, pieces, steps, stopOf, textAt, unpack } from "../../components/live_cutoff/live.js";
import { stripPaths } from "../../components/live_cutoff/track.js";

/** A pack as charts/pack.py writes it, before it is deflated. */
function packed(header, chunks) {
  let words = new TextEncoder().encode(JSON.stringify(header));
  words = Uint8Array.from([...words, ...new Array((8 - ((words.length + 4) % 8)) % 8).fill(32)]);
  const body = chunks.flatMap((chunk) => {
    const bytes = new Uint8Array(chunk.buffer);
    return [...bytes, ...new Array((8 - (bytes.length % 8)) % 8).fill(0)];
  });
  const made = new Uint8Array(4 + words.length + body.length);
  new DataView(made.buffer).setUint32(0, words.length, true);
  made.set(words, 4);
  made.set(body, 4 + words.length);
  return made.buffer;
}

test("a row of differences is summed up again, modulo the type", () => {
  const ref = { at: 0, type: "uint16", shape: [3, 2], step: true };
  const table = unpack(packed({ id: "a" }, [new Uint16Array([1000, 500, 65535, 0, 1, 65036])]));
  assert.equal(table.id, "a");
  assert.deepEqual([0, 1, 2].map((k) => [...at(table, ref, k)]), [[1000, 500], [999, 500], [1000, 0]]);
});

test("arrays without stops, and texts that each stop has", () => {
  const months = { at: 0, type: "float32", shape: [3], step: false }, index = { at: 16, type: "uint16", shape: [4], step: false };
  const table = unpack(packed({}, [new Float32Array([1, 2.5, 4]), new Uint16Array([0, 1, 1, 0])]));
  assert.deepEqual([...all(table, months)], [1, 2.5, 4]);
  assert.deepEqual([0, 1, 2, 3].map((k) => textAt(table, { texts: ["low", "high"], index }, k)), ["low", "high", "high", "low"]);
});

test("only a measured value is a stop", () => {
  assert.deepEqual([1, 2.5, 8, 3].map((v) => stopOf([1, 2.5, 8], v)), [0, 1, 2, -1]);
});

test("a curve starts at 100 %, falls where a level changes, ends where its group ends, and stops at a missing level", () => {
  const sx = (v) => v * 10, sy = (v) => 100 - v * 100;
  assert.deepEqual(steps([1, 2, 3, 9], [1000, 800, 800, 100], 4, sx, sy), [[0, 0], [20, 20], [40, 20]]);
  assert.deepEqual(steps([1, 2], [900, 65535], 4, sx, sy), [[0, 0], [10, 10]]);
  assert.deepEqual(steps([], [], 0, sx, sy), [[0, 0]]);
});

test("a curve is cut where few remain, and both pieces meet", () => {
  const curve = [[0, 0], [20, 20], [40, 30]];
  assert.deepEqual(cut(curve, 30), [[[0, 0], [20, 20], [30, 20]], [[30, 20], [40, 30]]]);
  assert.deepEqual(cut(curve, 50), [curve, []]);
});

test("censoring ticks stand on the curve", () => {
  const curve = [[0, 0], [20, 20], [40, 30]];
  assert.deepEqual(marks([1, 2, 3, 4], new Uint8Array([0b1011]), curve, (v) => v * 10), [[10, 0], [20, 20], [40, 30]]);
});

test("words know one mark; everything else is shown as it stands", () => {
  assert.deepEqual(pieces("HR <strong>3.1 &lt;b&gt;</strong> &amp; <img>"), [
    { text: "HR ", strong: false },
    { text: "3.1 <b>", strong: true },
    { text: " & <img>", strong: false },
  ]);
});

test("the strip leaves a gap where nothing can be estimated", () => {
  const { line, band } = stripPaths([1, 2, 3, 4], [2, 0, 2, 3], [1, 0, 1, 1], [4, 0, 4, 5], (v) => v, (v) => v);
  assert.equal(line, "M1 2M3 2L4 3");
  assert.equal(band, "M3 4L4 5L4 1L3 1Z");
});

test("the latest place wins, in the next frame; parts go back to rest", () => {
  const seen = [], waiting = [];
  globalThis.requestAnimationFrame = (work) => waiting.push(work);
  const part = { frame: (table, stop) => seen.push(stop), rest: () => seen.push("rest"), held: () => true };
  bus.tables.set("t", { id: "t", handle: 0, stops: [1, 2, 3] });
  bus.parts.add(part);
  bus.move("t", 1);
  bus.move("t", 3);
  assert.equal(waiting.length, 1);
  waiting.pop()();
  assert.deepEqual(seen, [2]);
  assert.equal(bus.overtaken([3]), false);
  assert.equal(bus.overtaken([1]), true);
  bus.rest();
  assert.deepEqual(seen, [2, "rest"]);
  bus.parts.delete(part);
});

/** A drawn figure with one node per part, as far as painting needs it. */
function drawn(parts, traces, layout) {
  const nodes = parts.map(() => ({ attrs: {}, node: { setAttribute(name, value) { this[name] = value; } } }));
  const axes = { x: { to: (v) => v * 10 }, y: { to: (v) => v } };
  const state = { nodes, parts: new Map(parts.map((part, i) => [part, [i]])), found: { frame: { axes } } };
  return { view: { state, traces: new Map(traces), figure: { layout } }, d: (i) => nodes[i].node.d };
}

test("a stripe has the colour of its lane's group: of one marker, and of two with the other cutoff kept", () => {
  const parts = ["stripe:low", "stripe:mixed", "stripe:high"], layout = { meta: { stripe: [-0.2, -0.1] } };
  const one = drawn(parts, [["stripe:low", { customdata: [[0, 2], [1, 5], [2, 3]] }]], layout);
  paint(one.view, { handle: 0, other: -1 }, [{ kind: "stripes", roles: ["low", "high"] }], 3);
  assert.deepEqual([0, 1, 2].map(one.d), ["M-2 0H-1M-2 2H-1", "", "M-2 1H-1"]); // low from its stop on
  const two = drawn(parts, [["stripe:low", { customdata: [[0, 2, 9], [1, 5, 9], [2, 3, 1]] }]], layout);
  paint(two.view, { handle: 0, other: 4 }, [{ kind: "stripes", roles: ["low", "mixed", "high"] }], 3);
  assert.deepEqual([0, 1, 2].map(two.d), ["M-2 2H-1", "M-2 0H-1", "M-2 1H-1"]);
});

test("the line of the current cutoff stands at its stop and stays on the axis", () => {
  const one = drawn(["cutoff"], [], { xaxis: { type: "log" } });
  one.view.state.found.frame.area = { x: 5, y: 20, width: 100, height: 60 };
  const table = { stops: [1, 7, 90] }, channel = { kind: "upright", part: "cutoff", low: 2, high: 50 };
  assert.deepEqual([0, 1, 2].map((stop) => { paint(one.view, table, [channel], stop); return one.d(0); }), ["M20 80L20 20", "M70 80L70 20", "M500 80L500 20"]);
});
