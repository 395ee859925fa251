// The index of the maps: one table, its names shown as text, its links to files beside it.

(function () {
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const at = (id) => document.getElementById(id);
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

function cellOf(cell) {
  if (!cell) return element("td", "", "–");
  const [figure, shareClass, hatched, targeted] = cell;
  const made = element("td", hatched ? "hatched" : "", figure);
  const palette = data.palette[targeted ? "with_target" : "without_target"];
  if (shareClass !== null) made.style.setProperty("--swatch", palette[shareClass]);
  return made;
}

function lineOf({ name, link, depth, cells }) {
  const line = element("tr", "depth" + depth);
  const head = element("th");
  const anchor = element("a", "", inWords(name));
  anchor.href = link;
  head.scope = "row";
  head.append(anchor);
  line.append(head, ...cells.map(cellOf));
  return line;
}

function tableParts() {
  const head = element("thead");
  const titles = element("tr");
  titles.append(element("th", "", say("sort_name")));
  titles.append(...data.columns.map((column) => element("th", "", inWords(column) + " %")));
  head.append(titles);
  const body = element("tbody");
  body.append(...data.lines.map(lineOf));
  return [head, body];
}

function sourceText(source) {
  const licence = source.licence === "unknown" ? say("licence_unknown") : source.licence;
  return [source.name, source.publisher, source.date, licence].filter(Boolean).join(say("comma"));
}

function paint() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.title = data.title + " · " + say("page_kind");
  at("title").replaceChildren(data.title, element("small", "", say("page_kind")));
  at("notes").replaceChildren(...data.notes.map((note) => element("li", "", inWords(note))));
  at("table").replaceChildren(...tableParts());
  const denominator = say("define_denominator", { text: inWords(data.denominator) });
  const target = say("index_target", { target: data.target });
  at("definition").textContent = [denominator, say("profile_" + data.profile), target].join(" · ");
  const approval = data.approval ? say("approval", { number: data.approval }) : say("internal");
  at("credit").textContent = (data.odbl ? say("credit") + " · " : "") + approval;
  at("sources").replaceChildren(...data.sources.map((source) => element("li", "", sourceText(source))));
  for (const button of at("languages").children) {
    button.setAttribute("aria-pressed", String(button.dataset.language === language));
  }
}

for (const button of at("languages").children) {
  button.addEventListener("click", () => {
    language = button.dataset.language;
    paint();
  });
}
paint();
})();
