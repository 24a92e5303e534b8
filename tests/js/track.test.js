import assert from "node:assert/strict";
import test from "node:test";
import { barsPath, countUpTo, keyed, namesThatFit, numberText, share, snap, stepped, valueAt } from "../../components/live_cutoff/track.js";

const values = [10, 20, 50, 100, 1000];

test("position and value undo each other, on both axes", () => {
  for (const log of [false, true]) for (const v of [10, 37, 1000]) assert.ok(Math.abs(valueAt(share(v, 10, 1000, log), 10, 1000, log) - v) < 1e-9 * v);
  assert.equal(share(100, 10, 1000, true), 0.5);
  assert.equal(share(5, 10, 1000, true), 0);
  assert.equal(share(0, 10, 1000, true), 0);
  assert.equal(share(7, 7, 7, false), 0);
});

test("the handle snaps to a measured value, nearest on the track", () => {
  assert.equal(snap(values, share(60, 10, 1000, true), 10, 1000, true), 50);
  assert.equal(snap(values, share(90, 10, 1000, true), 10, 1000, true), 100);
  assert.equal(snap(values, 0, 10, 1000, true), 10);
  assert.equal(snap(values, 1, 10, 1000, true), 1000);
});

test("a step goes to the next measured value, also from a typed one in between", () => {
  assert.equal(countUpTo(values, 50), 3);
  assert.equal(stepped(values, 50, 1), 100);
  assert.equal(stepped(values, 50, -1), 20);
  assert.equal(stepped(values, 60, 1), 100);
  assert.equal(stepped(values, 60, -1), 50);
  assert.equal(stepped(values, 5, 1), 10);
  assert.equal(stepped(values, 5000, -1), 1000);
  assert.equal(stepped(values, 1000, 1), 1000);
  assert.equal(stepped(values, 10, -1), 10);
});

test("keys", () => {
  const many = Array.from({ length: 100 }, (_, i) => i);
  assert.equal(keyed("ArrowRight", many, 40), 41);
  assert.equal(keyed("ArrowDown", many, 40), 39);
  assert.equal(keyed("PageUp", many, 40), 50);
  assert.equal(keyed("PageDown", many, 40), 30);
  assert.equal(keyed("Home", many, 40), 0);
  assert.equal(keyed("End", many, 40), 99);
  assert.equal(keyed("a", many, 40), undefined);
});

test("numbers read as everywhere in the app", () => {
  const expected = [[337, "337"], [5561, "5,561"], [0.35, "0.35"], [12.5, "12.5"], [1234567, "1,234,567"], [0, "0"], [-3.25, "\u22123.25"], [0.00012345, "0.0001234"]];
  for (const [value, text] of expected) assert.equal(numberText(value), text);
});

test("bars split at the cutoff: the two parts cover each bar once", () => {
  const left = barsPath([0, 10, 20], [5, 8], 0, 14, 60), right = barsPath([0, 10, 20], [5, 8], 14, 20, 60);
  assert.equal(left, "M0.5 60V55H9.5V60ZM10.5 60V52H14V60Z");
  assert.equal(right, "M14 60V52H19.5V60Z");
});

test("names that would touch give way to the more important one", () => {
  assert.deepEqual(namesThatFit([100, 120, 300], [50, 50, 50], 340), [true, false, true]);
  assert.deepEqual(namesThatFit([0, 340], [50, 50], 340), [true, true]);
});
