// The panel beside the map, the pickers, and what happens when the reader picks.

const WHOLE = data.units.findIndex((unit) => unit.geometry === null);

/** One element, drawn by the style sheet: a city's list has hundreds. */
function barOf(row) {
  const bar = element("span", row.target === null ? "bar" : "bar targeted");
  for (const name of ["share", "share_upper", "target"]) {
    bar.style.setProperty("--" + name, (row[name] || 0) * 100 + "%");
  }
  bar.style.setProperty("--colour", onPaper(colourOf(row)));
  return bar;
}

function rowFigure(row) {
  if (row === null) return "–";
  if (state.layer !== "missed") return bounds(row);
  return missed(row) === null ? "–" : amount(missed(row));
}

function rowOf(index) {
  const row = figures(index);
  const item = button("row" + (row && row.hatched ? " hatched" : ""), undefined, () => select(index));
  item.dataset.unit = index;
  item.setAttribute("aria-pressed", String(index === state.selected));
  item.style.setProperty("--swatch", onPaper(colourOf(row)));
  const name = element("span", "name", nameOf(index));
  name.title = nameOf(index);
  item.append(name, element("b", "", rowFigure(row)));
  if (row) item.append(barOf(row));
  item.addEventListener("mouseenter", () => hover(index));
  item.addEventListener("mouseleave", () => hover(null));
  return item;
}

const folded = (text) => text.normalize("NFKC").toLocaleLowerCase();

const isBelow = (row) => row.target !== null && row.share !== null && row.share < row.target;

/** Whether the reader wants to see a unit in the list. */
function wanted(index) {
  if (index === WHOLE) return false;
  const row = figures(index);
  if (state.below && !(row && isBelow(row))) return false;
  return folded(nameOf(index)).includes(folded(state.search.trim()));
}

/** Units in the picked order; those without a figure come last either way. */
function ordered() {
  const direction = state.ascending ? 1 : -1;
  const last = Infinity * direction;
  const share = new Map(data.units.map((_, index) => [index, figures(index)]));
  const byFigure = (figureOf) => (a, b) => {
    const [one, other] = [a, b].map((index) => figureOf(share.get(index)) ?? last);
    return one === other ? a - b : one - other;
  };
  const compare = {
    name: (a, b) => nameOf(a).localeCompare(nameOf(b), state.language) || a - b,
    share: byFigure((row) => row && row.share),
    missed: byFigure(missed),
  }[state.sort];
  const indices = data.units.map((_, index) => index).filter(wanted);
  return indices.sort((a, b) => direction * compare(a, b));
}

function paintSorting() {
  for (const item of at("sorting").children) {
    const active = item.dataset.sort === state.sort;
    const arrow = active ? (state.ascending ? " ↑" : " ↓") : "";
    item.textContent = say("sort_" + item.dataset.sort) + arrow;
    item.setAttribute("aria-pressed", String(active));
  }
}

function paintRows() {
  const items = ordered().map((index) => {
    const item = element("li");
    item.append(rowOf(index));
    return item;
  });
  at("rows").replaceChildren(...items);
  at("city").replaceChildren(...(WHOLE < 0 ? [] : [rowOf(WHOLE)]));
  at("none-found").hidden = items.length > 0;
  const units = data.units.length - (WHOLE < 0 ? 0 : 1);
  at("grip").textContent = say("list_of_units") + " " + items.length + " / " + units;
  paintSorting();
}

function cardFacts(row) {
  const facts = [];
  const add = (key, text) => facts.push([say(key), text]);
  if (row.total !== null) add("fact_total", amount(row.total));
  if (row.covered !== null && row.total > 0) add("fact_missed", amount(row.total - row.covered));
  if (row.unknown > 0) add("fact_unknown", amount(row.unknown));
  if (row.unattached > 0) add("fact_unattached", amount(row.unattached));
  if (row.straight_line_share !== null) {
    add("fact_straight", percent(row.straight_line_share, { ...row, meets_target: null }));
    add("fact_difference", points(row.share - row.straight_line_share));
  }
  return facts;
}

function factList(facts) {
  const list = element("dl");
  for (const [term, text] of facts) list.append(element("dt", "", term), element("dd", "", text));
  return list;
}

/** One pick as a line of the card; pressing it shows the pick on the map. */
function cardLine(item, row) {
  const className = "line" + (row.hatched ? " hatched" : "");
  const line = button(className, undefined, () => change("service", item.id));
  line.style.setProperty("--swatch", onPaper(colourOf(row)));
  line.setAttribute("aria-pressed", String(item.id === state.service));
  line.append(element("span", "", inWords(item.label)));
  line.append(element("b", "", bounds(row) + verdictSign(row)));
  return line;
}

/** The unit's figures for a group of picks, over the same denominator. */
function cardLines(index, groups) {
  const given = data.picks.filter((item) => groups.includes(item.group));
  return given.flatMap((item) => {
    const row = figures(index, item.id);
    return row ? [cardLine(item, row)] : [];
  });
}

function allServices(index) {
  const lines = cardLines(index, ["service"]);
  const box = element("details", "all-services");
  box.open = servicesOpen;
  box.addEventListener("toggle", () => (servicesOpen = box.open));
  box.append(element("summary", "", say("all_services", { n: String(lines.length) })), ...lines);
  return lines.length ? [box] : [];
}

function closeButton() {
  const close = button("close", "×", () => select(null));
  close.title = say("close");
  close.setAttribute("aria-label", say("close"));
  return close;
}

function cardFigures(row) {
  if (!row) return [element("p", "", say("no_figures"))];
  const side = row.meets_target === null ? "open" : row.meets_target ? "above" : "below";
  const parts = [element("div", "figure", bounds(row))];
  if (row.share_upper > row.share) parts.push(element("div", "quiet", say("lower_upper")));
  parts.push(element("div", "verdict " + side, verdict(row, state.selected === WHOLE)));
  parts.push(factList(cardFacts(row)), fillDefinition(element("p", "quiet")));
  return parts;
}

function paintCard() {
  const card = at("card");
  card.hidden = state.selected === null;
  if (card.hidden) return card.replaceChildren();
  const index = state.selected;
  const unit = data.units[index];
  const parts = [closeButton(), element("h2", "name", nameOf(index))];
  parts.push(element("div", "quiet", inWords(pick().label)), ...cardFigures(figures(index)));
  const said = state.denominator === data.sentences_of && unit.sentences[state.service];
  if (said) parts.push(element("p", "name", inWords(said)));
  parts.push(...cardLines(index, ["headline", "combination"]), ...allServices(index));
  return card.replaceChildren(...parts);
}

function hover(index) {
  outline("hovered", index);
  for (const row of document.querySelectorAll(".row")) {
    row.classList.toggle("lit", Number(row.dataset.unit) === index);
  }
}

function select(index) {
  state.selected = index;
  for (const row of document.querySelectorAll(".row")) {
    const chosen = Number(row.dataset.unit) === index;
    row.setAttribute("aria-pressed", String(chosen));
    if (chosen) row.scrollIntoView({ block: "nearest" });
  }
  const opened = document.activeElement && at("card").contains(document.activeElement);
  const before = shown;
  shown = index;
  paintCard();
  outline("selected", index);
  if (index !== null) bringIntoView(index);
  else if (opened) focusRow(before);
  unfoldList(false);
  keepAddress();
}

/** Give the keyboard back to the row whose card was closed. */
function focusRow(index) {
  const row = document.querySelector(`.row[data-unit="${index}"]`);
  if (row) row.focus();
}

/** On a phone the list is a sheet at the lower edge. */
function unfoldList(open) {
  at("side").classList.toggle("unfolded", open);
  at("grip").setAttribute("aria-expanded", String(open));
}

let shown = null; // the unit of the open card
let servicesOpen = false;

function option(item) {
  const made = element("option", "", inWords(item.label));
  made.value = item.id;
  return made;
}

function paintPickers() {
  const groups = ["headline", "combination", "service"].map((group) => {
    const made = element("optgroup");
    made.label = say("group_" + group);
    made.append(...data.picks.filter((item) => item.group === group && item.has_rows).map(option));
    return made;
  });
  at("service").replaceChildren(...groups.filter((group) => group.children.length));
  at("service").value = state.service;
  const given = data.denominators.filter((item) => item.id in data.series[state.service]);
  if (!given.some((item) => item.id === state.denominator)) state.denominator = given[0].id;
  at("denominator").replaceChildren(...given.map(option));
  at("denominator").value = state.denominator;
}

function sourceText(source) {
  const licence = source.licence === "unknown" ? say("licence_unknown") : source.licence;
  return [source.name, source.publisher, source.date, licence].filter(Boolean).join(say("comma"));
}

/** How many sources there are and of when, in one line. */
function sourcesTitle() {
  const dates = data.sources.map((source) => source.date).filter(Boolean).sort();
  const [first, last] = [dates[0] || "", dates[dates.length - 1] || ""];
  const values = { n: String(data.sources.length), dates: first === last ? first : first + " – " + last };
  return say("sources", values);
}

function paintNotes() {
  const notes = data.notes.map(inWords);
  at("notes").hidden = notes.length === 0;
  at("notes-count").textContent = say("notes", { n: String(notes.length) });
  at("notes-first").textContent = notes[0] || "";
  at("notes-all").replaceChildren(...notes.map((note) => element("li", "name", note)));
}

function paintSources() {
  at("sources-title").textContent = sourcesTitle();
  const items = data.sources.map((source) => element("li", "name", sourceText(source)));
  at("sources").replaceChildren(...items);
  const approval = data.approval ? say("approval", { number: data.approval }) : say("internal");
  const credits = [approval];
  if (data.online) credits.unshift(data.online.credit);
  if (data.odbl) credits.unshift(say("credit"));
  fillLine(at("credit"), credits, " · ");
}

function paintLayers() {
  at("layers").hidden = !data.points;
  at("layers").setAttribute("aria-label", say("pick_layer"));
  for (const item of at("layers").children) {
    item.hidden = !layers().includes(item.dataset.layer);
    item.textContent = say("layer_" + item.dataset.layer);
    item.setAttribute("aria-pressed", String(item.dataset.layer === state.layer));
  }
}

function paintWords() {
  document.documentElement.lang = state.language === "zh" ? "zh-CN" : "en";
  document.title = data.title + " · " + say("page_kind");
  at("title").replaceChildren(element("span", "name", data.title));
  at("title").append(element("small", "", say("page_kind")));
  at("home").hidden = !data.home;
  at("home").textContent = "‹ " + say("all_maps");
  if (data.home) at("home").href = data.home;
  for (const id of ["service", "denominator", "below"]) at(id + "-label").textContent = say("pick_" + id);
  at("languages").setAttribute("aria-label", say("pick_language"));
  at("side").setAttribute("aria-label", say("list_of_units"));
  at("search").placeholder = say("search");
  at("search").setAttribute("aria-label", say("search"));
  at("none-found").textContent = say("none_found");
  at("north").lastElementChild.textContent = say("north");
  for (const item of at("languages").children) {
    item.setAttribute("aria-pressed", String(item.dataset.language === state.language));
  }
  at("search").value = state.search;
  at("below").checked = state.below;
}

/** Everything that depends on what is picked. */
function paint() {
  paintPickers();
  paintWords();
  paintNotes();
  paintSources();
  paintLayers();
  paintZoomButtons();
  paintUnits();
  paintFacilities();
  paintLegend();
  paintRows();
  paintCard();
  fillDefinition(at("definition"));
  map.invalidateSize({ animate: false });
  loadDemand();
  keepAddress();
}

function change(key, value) {
  state[key] = value;
  paint();
}

function sortBy(key) {
  state.ascending = state.sort === key ? !state.ascending : key !== "missed";
  change("sort", key);
}

function filter(key, value) {
  state[key] = value;
  paintRows();
  keepAddress();
}

/** Show what the address says; without one, what the page starts with. */
function follow() {
  const { unit, view } = readAddress();
  paint();
  select(unit);
  return view;
}

function listen() {
  at("service").addEventListener("change", (event) => change("service", event.target.value));
  at("denominator").addEventListener("change", (event) => change("denominator", event.target.value));
  at("search").addEventListener("input", (event) => filter("search", event.target.value));
  at("below").addEventListener("change", (event) => filter("below", event.target.checked));
  at("grip").addEventListener("click", () => unfoldList(!at("side").classList.contains("unfolded")));
  const presses = { languages: "language", layers: "layer", sorting: "sort" };
  for (const [id, key] of Object.entries(presses)) {
    for (const item of at(id).children) {
      const act = key === "sort" ? sortBy : (value) => change(key, value);
      item.addEventListener("click", () => act(item.dataset[key]));
    }
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && state.selected !== null) select(null);
  });
  window.addEventListener("hashchange", () => {
    const view = follow();
    if (view) map.setView(view.place, view.zoom, { animate: false });
  });
}

if (window.innerWidth <= 760) at("legend-box").open = false;
startMap();
settleMap(follow());
listen();
keeping = true;
