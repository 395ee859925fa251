// What was found in the inputs: points on a map and a list, each leading to the other.

(function () {
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const at = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";
const ACTIONS = ["refused", "repaired", "excluded", "noted"];
const RADIUS = 6; // pixels
const svg = at("drawing");
const [width, height] = data.size;
let language = data.language;
let hidden = new Set();
let chosen = null;
let view = { x: 0, y: 0, width, height };
// So far out that every point can be seen.
const widest = 2 * Math.max(width, ...data.rows.filter((row) => row.at).flatMap((row) => row.at.map(Math.abs)));
const circles = new Map();
const lines = new Map();

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function drawn(tag, attributes) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

const say = (key, values = {}) =>
  data.texts[key][language].replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));

function drawMap() {
  const picture = (uri, className) => {
    const [x, y, w, h] = data.base.place;
    return drawn("image", { href: uri, x, y, width: w, height: h, class: className, preserveAspectRatio: "none" });
  };
  if (data.base && data.base.ground) svg.append(picture(data.base.ground, "ground"));
  if (data.base && data.base.streets) svg.append(picture(data.base.streets, "streets"));
  for (const unit of data.units) {
    const outline = drawn("path", { d: unit.path, class: "unit" });
    const name = drawn("title", {});
    name.textContent = unit.name;
    outline.append(name);
    svg.append(outline);
  }
  // The gravest come last, and so lie on top.
  data.rows.map((row, number) => [row, number]).reverse().forEach(([row, number]) => {
    if (!row.at) return;
    const circle = drawn("circle", { cx: row.at[0], cy: row.at[1], class: "point " + row.action });
    circle.addEventListener("click", () => choose(number, false));
    circles.set(number, circle);
    svg.append(circle);
  });
}

function show() {
  svg.setAttribute("viewBox", [view.x, view.y, view.width, view.height].join(" "));
  const scale = Math.max(view.width / svg.clientWidth, view.height / svg.clientHeight) || 1;
  for (const [number, circle] of circles) circle.setAttribute("r", (number === chosen ? 1.6 : 1) * RADIUS * scale);
}

function zoom(factor, x, y) {
  if (factor === 0) view = { x: 0, y: 0, width, height };
  else {
    const limited = Math.min(Math.max(view.width * factor, 50), widest) / view.width;
    view = { x: x - (x - view.x) * limited, y: y - (y - view.y) * limited,
      width: view.width * limited, height: view.height * limited };
  }
  show();
}

function placeOf(event) {
  const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
  return [point.x, point.y];
}

function choose(number, move) {
  if (chosen !== null) mark(chosen, false);
  chosen = number;
  mark(number, true);
  const row = data.rows[number];
  if (move && row.at) {
    const side = Math.min(view.width, 1500), tall = side * height / width;
    view = { x: row.at[0] - side / 2, y: row.at[1] - tall / 2, width: side, height: tall };
  } else if (!move) lines.get(number).scrollIntoView({ block: "nearest" });
  show();
}

function mark(number, on) {
  if (circles.has(number)) circles.get(number).classList.toggle("chosen", on);
  if (lines.has(number)) lines.get(number).classList.toggle("chosen", on);
}

function lineOf(row, number) {
  const line = element("li", row.action + (row.at ? " placed" : ""));
  const cell = [row.row === null ? "" : say("row", { row: row.row }), row.column, row.value && `“${row.value}”`];
  line.append(element("span", "code", row.code));
  line.append(element("div", "where", [row.where, ...cell].filter(Boolean).join(" ")));
  line.append(element("div", "", `${data.actions[row.action][language]}${say("colon")}${row.what[language]}`));
  line.append(element("div", "fix", say("fix", { fix: row.fix[language] })));
  if (row.degrees) line.append(element("div", "fix", row.degrees.join(", ") + (row.inside ? "" : say("outside"))));
  if (row.at) {
    line.tabIndex = 0;
    line.addEventListener("click", () => choose(number, true));
    line.addEventListener("keydown", (event) => { if (event.key === "Enter") choose(number, true); });
  }
  return line;
}

function tell() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.title = at("title").textContent = say("title", { title: data.title });
  const placed = data.rows.filter((row) => row.at).length;
  const outside = data.rows.filter((row) => row.at && !row.inside).length;
  at("count").textContent = data.total ? say("count", { total: data.total, placed, outside }) : say("nothing");
  at("whole").textContent = say("whole");
  svg.setAttribute("aria-label", say("map"));
  at("more").textContent = data.total > data.rows.length
    ? say("more", { shown: data.rows.length, total: data.total }) : say("all");
  if (data.credit) at("more").append(" · " + say("credit"));
  for (const button of at("languages").children)
    button.setAttribute("aria-pressed", String(button.dataset.language === language));
  at("actions").replaceChildren(...ACTIONS.filter((action) => data.rows.some((row) => row.action === action)).map(switchOf));
  at("list").replaceChildren();
  lines.clear();
  data.rows.forEach((row, number) => {
    if (!hidden.has(row.action)) lines.set(number, lineOf(row, number));
  });
  at("list").append(...lines.values());
  for (const [number, circle] of circles) circle.style.display = hidden.has(data.rows[number].action) ? "none" : "";
  if (chosen !== null) mark(chosen, true);
}

function switchOf(action) {
  const count = data.rows.filter((row) => row.action === action).length;
  const button = element("button", action, `${data.actions[action][language]} ${count}`);
  button.type = "button";
  button.dataset.action = action;
  button.setAttribute("aria-pressed", String(!hidden.has(action)));
  button.addEventListener("click", () => {
    if (!hidden.delete(action)) hidden.add(action);
    tell();
    at("actions").querySelector(`[data-action="${action}"]`).focus();
  });
  return button;
}

at("languages").addEventListener("click", (event) => {
  if (event.target.dataset.language) { language = event.target.dataset.language; tell(); }
});
at("zoom").addEventListener("click", (event) => {
  if (event.target.dataset.zoom) zoom(Number(event.target.dataset.zoom), view.x + view.width / 2, view.y + view.height / 2);
});
svg.addEventListener("wheel", (event) => { event.preventDefault(); zoom(event.deltaY < 0 ? 0.8 : 1.25, ...placeOf(event)); },
  { passive: false });
let held = null;
svg.addEventListener("pointerdown", (event) => { if (event.target.tagName !== "circle") held = placeOf(event); });
window.addEventListener("pointermove", (event) => {
  if (!held) return;
  const [x, y] = placeOf(event);
  view.x += held[0] - x;
  view.y += held[1] - y;
  show();
});
window.addEventListener("pointerup", () => { held = null; });
window.addEventListener("resize", show);

drawMap();
tell();
show();
})();
