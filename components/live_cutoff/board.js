// All figures of Explore in one piece of the page: curves of every panel with their lines, response, courses.

import { mount, redraw, show } from "../figure/figure.js";
import { bus, name, paint, say, sayAll, textAt } from "./live.js";

const TOOLS = [["SVG", "Download figure as SVG"], ["PNG", "Download figure as PNG"], ["CSV", "Download the numbers as CSV"]];

function element(tag, className, parent) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  parent.append(made);
  return made;
}

/** The box of one figure, as figure.js takes it into use. */
function figureBox(parent) {
  const box = element("div", "figure", parent);
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("role", "img");
  box.append(svg);
  element("div", "tip", box).hidden = true;
  const tools = element("div", "tools", box);
  for (const [text, label] of TOOLS) {
    const button = element("button", "", tools);
    Object.assign(button, { type: "button", textContent: text });
    button.setAttribute("aria-label", label);
  }
  return box;
}

function build(parent) {
  const root = element("div", "board", parent);
  const b = { root, panels: element("div", "panels", root), note: element("p", "note", root), pair: element("div", "pair", root), places: new Map(), data: null };
  b.frame = (table, stop) => frame(b, table, stop);
  b.rest = () => b.data && rest(b);
  return b;
}

/** The place of a figure in `parent`: made once, kept while the figure is on the page. */
function place(b, key, parent) {
  let p = b.places.get(key);
  if (!p) {
    const box = element("section", "place", parent);
    box.dataset.figure = key;
    p = { box, lines: null };
    p.view = mount(figureBox(box), (nonce) => b.ask("csv", { figure: key, nonce }));
    p.lines = element("ul", "lines", box);
    b.places.set(key, p);
  } else if (p.box.parentNode !== parent || parent.lastChild !== p.box) parent.append(p.box);
  return p;
}

function receive(b, data) {
  b.data = data;
  const wanted = new Set([...data.panels, ...data.pair].map((d) => d.key));
  for (const [key, p] of b.places) if (!wanted.has(key)) { p.view.watch.disconnect(); p.box.remove(); b.places.delete(key); }
  b.root.style.setProperty("--panels", Math.min(data.panels.length, data.perRow));
  for (const [list, parent] of [[data.panels, b.panels], [data.pair, b.pair]]) {
    list.forEach((d, i) => {
      const p = b.places.get(d.key);
      const there = p && parent.children[i] === p.box ? p : place(b, d.key, parent);
      show(there.view, d.sent);
      name(there.view);
      sayAll(there.lines, d.lines);
    });
  }
  say(b.note, data.note);
}

function rest(b) {
  for (const d of [...b.data.panels, ...b.data.pair]) {
    const p = b.places.get(d.key);
    redraw(p.view);
    sayAll(p.lines, d.lines);
  }
  say(b.note, b.data.note);
  b.root.removeAttribute("aria-busy");
}

function frame(b, table, stop) {
  if (!b.data?.tables.includes(table.id)) return;
  for (const [key, p] of b.places) {
    const channels = table.figures[key];
    if (channels && p.view.state.found) paint(p.view, table, channels, stop);
    const lines = table.lines[key];
    if (lines) sayAll(p.lines, textAt(table, lines, stop).split("\n"));
  }
  if (table.note) say(b.note, textAt(table, table.note, stop));
  b.root.setAttribute("aria-busy", "true");
}

const boards = new WeakMap();

function boardComponent({ data, parentElement, setTriggerValue }) {
  const b = boards.get(parentElement) || build(parentElement);
  boards.set(parentElement, b);
  bus.parts.add(b);
  b.ask = setTriggerValue;
  const sent = JSON.parse(new TextDecoder().decode(data));
  receive(b, sent);
  b.root.removeAttribute("aria-busy");
  if (sent.tables.length && bus.overtaken(sent.cutoffs)) bus.draw();
  return () => {
    bus.parts.delete(b);
    for (const p of b.places.values()) p.view.watch.disconnect();
    boards.delete(parentElement);
  };
}

// ---------------------------------------------------------------- the sentence above

const sentences = new WeakMap();

/** The address says what is on screen, in place: the way back leads to the page before, not through every cutoff. */
function relink(link) {
  const same = (a, b) => String([...new URLSearchParams(a)].sort()) === String([...new URLSearchParams(b)].sort());
  if (link && !same(link, location.search)) history.replaceState(history.state, "", `${location.pathname}?${link}${location.hash}`);
}

function findingComponent({ data, parentElement }) {
  let s = sentences.get(parentElement);
  if (!s) {
    const words = element("p", "carto-finding", parentElement), flow = element("div", "carto-flow", parentElement);
    words.setAttribute("role", "status");
    s = { words, flow, sent: null };
    s.frame = (table, stop) => {
      if (!s.sent.tables.includes(table.id)) return;
      words.setAttribute("aria-busy", "true");
      say(words, textAt(table, table.finding, stop));
    };
    s.rest = () => { say(words, s.sent.finding); words.removeAttribute("aria-busy"); };
    sentences.set(parentElement, s);
  }
  bus.parts.add(s);
  s.sent = JSON.parse(new TextDecoder().decode(data));
  say(s.flow, s.sent.flow);
  relink(s.sent.link);
  if (!bus.overtaken(s.sent.cutoffs)) s.rest();
  return () => { bus.parts.delete(s); sentences.delete(parentElement); };
}

export { boardComponent, findingComponent };
