// Before and after: one map of the difference, one table of units, one row for each alternative.

(function () {
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const at = (id) => document.getElementById(id);
const chosen = { state: 0, service: data.first.service, weight: data.first.weight, unit: null };
let language = data.language;

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

const inWords = (text) => (typeof text === "string" ? text : text[language]);
const say = (key, values = {}) =>
  data.texts[key][language].replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
const rowsOf = (state) => ((data.states[state].rows[chosen.service] || {})[chosen.weight]) || null;
const number = (value) => Math.round(value).toLocaleString("en-US");

function signed(change) {
  const rounded = Math.floor(Math.abs(change) * 1000 + 0.5) / 10;
  return rounded === 0 ? "0" : (change > 0 ? "+" : "−") + rounded.toFixed(1);
}

// A row: share before and after as text, change, its bounds, gained, lost, verdict.
function changeText(row) {
  const [, , change, low, high] = row;
  if (change === null) return "–";
  if (low === null || high - low < 5e-5) return signed(change);
  return [...new Set([signed(low), signed(high)])].join("…");
}

function colourOf(row) {
  if (!row || row[2] === null) return data.palette.none;
  const size = Math.abs(row[2]);
  const step = data.palette.breaks.filter((edge) => size >= edge).length;
  if (step === 0) return data.palette.same;
  return (row[2] > 0 ? data.palette.more : data.palette.less)[step - 1];
}

function lineOf(name, row, className, act) {
  const line = element("tr", className);
  const head = element("th", "", name);
  head.scope = "row";
  line.append(head);
  const cells = row ? [row[0], row[1]] : ["–", "–"];
  line.append(...cells.map((cell) => element("td", "", cell)));
  const change = element("td", "change", row ? changeText(row) : "–");
  change.style.setProperty("--swatch", colourOf(row));
  const people = row && row[5] !== null ? [number(row[5]), number(row[6])] : ["–", "–"];
  line.append(change, ...people.map((cell) => element("td", "", cell)));
  line.addEventListener("click", act);
  return line;
}

function headOf(first) {
  const head = element("thead");
  const titles = element("tr");
  const names = [first, say("before"), say("after"), say("change"), say("gained"), say("lost")];
  titles.append(...names.map((name) => element("th", "", name)));
  head.append(titles);
  return head;
}

function paintTable() {
  const rows = rowsOf(chosen.state);
  const body = element("tbody");
  data.units.forEach((unit, index) => {
    const name = index === 0 ? say("city") : unit.name;
    const className = (index === 0 ? "whole" : "") + (chosen.unit === index ? " picked" : "");
    body.append(lineOf(name, rows && rows[index], className, () => pickUnit(index)));
  });
  at("table").replaceChildren(headOf(say("unit")), body);
}

function paintChoices() {
  if (data.states.length < 2) return;
  const table = element("table");
  const body = element("tbody");
  data.states.forEach((state, index) => {
    const rows = rowsOf(index);
    const className = index === chosen.state ? "picked" : "";
    body.append(lineOf(state.title, rows && rows[0], className, () => pick("state", index)));
  });
  table.append(headOf(say("pick_state")), body);
  at("choices").replaceChildren(table);
}

const map = L.map("map", { preferCanvas: true, attributionControl: false, zoomSnap: 0.25 });
const whole = { paddingBottomRight: [190, 10] };
map.fitBounds(data.bounds, whole);
const layers = { base: L.layerGroup(), units: L.layerGroup(), points: L.layerGroup(), above: L.layerGroup() };
for (const layer of Object.values(layers)) layer.addTo(map);
if (data.base) {
  for (const picture of [data.base.ground, data.base.streets]) {
    if (picture) L.imageOverlay(picture, data.base.bounds, { opacity: picture === data.base.streets ? 0.35 : 1 }).addTo(layers.base);
  }
}

function paintUnits() {
  const rows = rowsOf(chosen.state);
  layers.units.clearLayers();
  data.units.forEach((unit, index) => {
    if (!unit.geometry) return;
    const row = rows && rows[index];
    const shape = L.geoJSON(unit.geometry, {
      style: {
        color: chosen.unit === index ? "#111" : "#5b6775", weight: chosen.unit === index ? 3 : 1.2,
        fillColor: colourOf(row), fillOpacity: 0.62,
      },
    });
    const label = element("span");
    label.append(unit.name, document.createElement("br"), row ? changeText(row) : "–");
    shape.on("click", () => pickUnit(index));
    shape.addTo(layers.units);
    L.tooltip({ permanent: true, direction: "center", className: "unit-name", interactive: false })
      .setLatLng(unit.label_at).setContent(label).addTo(layers.units);
  });
}

function paintPoints() {
  layers.points.clearLayers();
  layers.above.clearLayers();
  const state = data.states[chosen.state];
  const turned = state.turned[chosen.service] || [[], []];
  turned.forEach((places, side) => {
    const colour = side === 0 ? data.palette.gain : data.palette.lose;
    for (const index of places) {
      const [lat, lon] = state.points[index];
      L.circleMarker([lat, lon], { radius: 3, stroke: false, fillColor: colour, fillOpacity: 0.85, interactive: false })
        .addTo(layers.points);
    }
  });
  for (const line of state.new_ways) L.polyline(line, { color: data.palette.made, weight: 5 }).addTo(layers.above);
  const groups = [["new_facilities", data.palette.made], ["closed_facilities", data.palette.lose]];
  for (const [kind, colour] of groups) {
    for (const [lat, lon, name, services] of state[kind]) {
      const marker = L.circleMarker([lat, lon], { radius: 7, color: "#fff", weight: 2, fillColor: colour, fillOpacity: 1 });
      const text = element("span", "", [name, ...services.map(inWords)].join(" · "));
      marker.bindTooltip(text).addTo(layers.above);
    }
  }
}

function paintLegend() {
  const box = at("legend");
  const line = (colour, text, className) => {
    const made = element("p");
    const swatch = element("i", className || "");
    swatch.style.background = colour;
    made.append(swatch, text);
    return made;
  };
  const edges = data.palette.breaks.map((edge) => (edge * 100).toLocaleString("en-US"));
  const ranges = edges.map((edge, index) => (index + 1 < edges.length ? edge + "–" + edges[index + 1] : "≥ " + edge));
  const unit = " " + say("points");
  const more = ranges.map((range, index) => line(data.palette.more[index], "+ " + range + unit)).reverse();
  const less = ranges.map((range, index) => line(data.palette.less[index], "− " + range + unit));
  const dots = [
    line(data.palette.gain, say("legend_gain"), "dot"), line(data.palette.lose, say("legend_lose"), "dot"),
    line(data.palette.made, say("legend_new"), "dot"),
  ];
  box.replaceChildren(...more, line(data.palette.same, say("legend_same")), ...less, ...dots);
}

function ruleText(side) {
  const rules = data.states[chosen.state].rules[chosen.service];
  if (!rules) return "";
  const [profile, limit] = rules[side];
  if (!profile) return say(side ? "rule_after" : "rule_before", { profile: say("no_limit"), limit: "–" });
  const metres = limit === null ? say("own_limits") : say("metres_limit", { metres: number(limit) });
  return say(side ? "rule_after" : "rule_before", { profile: say("profile_" + profile), limit: metres });
}

function options(id, entries, selected) {
  at(id).replaceChildren(
    ...entries.map(([value, label]) => {
      const option = element("option", "", label);
      option.value = String(value);
      option.selected = String(value) === String(selected);
      return option;
    }),
  );
}

function paintPickers() {
  options("state", data.states.map((state, index) => [index, state.title]), chosen.state);
  at("state-box").hidden = data.states.length < 2;
  options("service", data.services.map(({ id, label }) => [id, inWords(label)]), chosen.service);
  options("weight", data.weights.map(({ id, label }) => [id, inWords(label)]), chosen.weight);
  for (const id of ["state", "service", "weight"]) at(id + "-label").textContent = say("pick_" + id);
}

function paint() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  const state = data.states[chosen.state];
  const title = say("title", { before: data.before, after: state.title });
  document.title = title;
  at("title").replaceChildren(title, element("small", "", say("page_kind")));
  paintPickers();
  paintChoices();
  paintTable();
  paintUnits();
  paintPoints();
  paintLegend();
  const weight = data.weights.find(({ id }) => id === chosen.weight);
  const parts = [say("define_denominator", { text: inWords(weight.label) }), ruleText(0), ruleText(1)];
  at("definition").textContent = parts.filter(Boolean).join(" · ");
  const approval = data.approval ? say("approval", { number: data.approval }) : say("internal");
  at("credit").textContent = (data.odbl ? say("credit") + " · " : "") + approval;
  for (const button of at("languages").children) {
    button.setAttribute("aria-pressed", String(button.dataset.language === language));
  }
}

function pick(name, value) {
  chosen[name] = value;
  paint();
}

function pickUnit(index) {
  chosen.unit = chosen.unit === index ? null : index;
  const { geometry } = data.units[index];
  if (chosen.unit !== null && geometry) map.fitBounds(L.geoJSON(geometry).getBounds(), { maxZoom: 15 });
  else map.fitBounds(data.bounds, whole);
  paint();
}

at("state").addEventListener("change", (event) => pick("state", Number(event.target.value)));
for (const id of ["service", "weight"]) at(id).addEventListener("change", (event) => pick(id, event.target.value));
for (const button of at("languages").children) {
  button.addEventListener("click", () => {
    language = button.dataset.language;
    paint();
  });
}
paint();
})();
