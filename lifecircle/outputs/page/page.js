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
  if (!countsMissed()) return bounds(row);
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
  const inItem = (made) => {
    const item = element("li");
    item.append(made);
    return item;
  };
  const items = ordered().map((index) => inItem(rowOf(index)));
  const found = foundFacilities();
  at("rows").replaceChildren(...items, ...foundRows(found).map(inItem));
  at("city").replaceChildren(...(WHOLE < 0 ? [] : [rowOf(WHOLE)]));
  at("none-found").hidden = items.length + found.length > 0;
  const units = data.units.length - (WHOLE < 0 ? 0 : 1);
  at("grip").textContent = say("list_of_units") + " " + items.length + " / " + units;
  paintSorting();
}

/** Facilities that were searched for, under a heading. */
function foundRows(found) {
  if (!found.length) return [];
  const lines = found.slice(0, MOST_FOUND).map(({ facility, service, number }) => {
    const line = button("found", undefined, () => openCard({ kind: "facility", service, number }));
    line.append(element("span", "name", facility[0]));
    return line;
  });
  const heading = say("find_facilities", { n: String(found.length) });
  return [element("h3", "found-heading", heading), ...lines];
}

function hover(index) {
  outline("hovered", index);
  for (const row of document.querySelectorAll(".row")) {
    row.classList.toggle("lit", Number(row.dataset.unit) === index);
  }
}

function select(index) {
  state.selected = index;
  state.opened = null;
  for (const row of document.querySelectorAll(".row")) {
    const chosen = Number(row.dataset.unit) === index;
    row.setAttribute("aria-pressed", String(chosen));
    if (chosen) row.scrollIntoView({ block: "nearest" });
  }
  const opened = document.activeElement && at("card").contains(document.activeElement);
  const before = shown;
  shown = index;
  paintCard();
  paintGaps();
  paintEvidence();
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

const MOST_FOUND = 8;
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
  paintTiers();
}

/** The circles, as far as there are figures for what is picked. */
function paintTiers() {
  const limits = circles();
  const given = data.tiers.series[state.service] || {};
  const known = state.denominator in given;
  const choices = [say("tier_own"), ...limits.map((limit) => tierInWords(limit))];
  const made = choices.map((text, index) => {
    const item = element("option", "", text);
    item.value = String(index - 1);
    return item;
  });
  at("tier").replaceChildren(...made);
  at("tier").value = String(known && state.tier !== null ? state.tier : -1);
  at("tier").disabled = !known;
  at("tier-box").hidden = Object.keys(data.tiers.limits).length === 0;
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
  at("layers").hidden = layers().length < 2;
  at("layers").setAttribute("aria-label", say("pick_layer"));
  for (const item of at("layers").children) {
    item.hidden = !layers().includes(item.dataset.layer);
    const withSites = item.dataset.layer === "gaps" && data.sites.length > 0;
    item.textContent = say("layer_" + item.dataset.layer + (withSites ? "_sites" : ""));
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
  for (const id of ["service", "denominator", "tier", "below"]) at(id + "-label").textContent = say("pick_" + id);
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
  paintGaps();
  paintFacilities();
  paintEvidence();
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
  if (key === "service") state.opened = null;
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
  const { unit, opened, view } = readAddress();
  state.opened = null;
  paint();
  select(unit);
  if (opened) openCard(opened);
  return view;
}

function listen() {
  at("service").addEventListener("change", (event) => change("service", event.target.value));
  at("denominator").addEventListener("change", (event) => change("denominator", event.target.value));
  at("tier").addEventListener("change", ({ target }) => {
    change("tier", target.value === "-1" ? null : Number(target.value));
  });
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
    if (event.key !== "Escape") return;
    if (state.opened) closeOpened();
    else if (state.selected !== null) select(null);
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
