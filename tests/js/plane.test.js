// Run with: node --test tests/js/

import assert from "node:assert/strict";
import { test } from "node:test";

import { cellOf, nearestOf } from "../../components/live_cutoff/plane.js";

test("the pointer takes the nearest cutoff, also on an axis that runs upwards", () => {
  assert.deepEqual([-5, 14, 16, 99].map((at) => nearestOf([10, 20, 40], at)), [0, 0, 1, 2]);
  assert.deepEqual([99, 31, 29, 0].map((at) => nearestOf([40, 20, 10], at)), [0, 0, 1, 2]);
});

test("arrow keys go from cell to cell and stop at the rim", () => {
  assert.deepEqual(cellOf("ArrowRight", [3, 4], 10, 20), [4, 4]);
  assert.deepEqual(cellOf("ArrowLeft", [0, 4], 10, 20), [0, 4]);
  assert.deepEqual(cellOf("ArrowUp", [3, 19], 10, 20), [3, 19]);
  assert.deepEqual(cellOf("PageDown", [3, 4], 10, 20), [3, 2]);
  assert.deepEqual([cellOf("Home", [3, 4], 10, 20), cellOf("End", [3, 4], 10, 20)], [[0, 4], [9, 4]]);
  assert.equal(cellOf("a", [3, 4], 10, 20), undefined);
});
