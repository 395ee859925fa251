// The panel beside the map, the pickers, and what happens when the reader picks.

const CITY = data.units.findIndex((unit) => unit.geometry === null);

/** One element, drawn by the style sheet: a city's list has hundreds. */
function barOf(row) {
  const bar = element("span", row.target === null ? "bar" : "bar targeted");
  for (const name of ["share", "share_upper", "target"]) {
    bar.style.setProperty("--" + name, (row[name] || 0) * 100 + "%");
  }
  bar.style.setProperty("--colour", colourOf(row));
  return bar;
}

function rowOf(index) {
  const row = figures(index);
  const button = element("button", "row");
  button.type = "button";
  button.dataset.unit = index;
  button.setAttribute("aria-pressed", String(index === state.selected));
  const swatch = element("i", "swatch" + (row && row.hatched ? " hatched" : ""));
  swatch.style.backgroundColor = colourOf(row);
  const name = element("span", "name", data.units[index].name);
  name.title = data.units[index].name;
  button.append(swatch, name, element("b", "", row ? bounds(row) : "–"));
  if (row) button.append(barOf(row));
  button.addEventListener("click", () => select(index));
  button.addEventListener("mouseenter", () => hover(index));
  button.addEventListener("mouseleave", () => hover(null));
  return button;
}

/** Units in the picked order; those without a share come last either way. */
function ordered() {
  const indices = data.units.map((_, index) => index).filter((index) => index !== CITY);
  const direction = state.ascending ? 1 : -1;
  const share = (index) => (figures(index) || { share: null }).share;
  const compare = {
    name: (a, b) => data.units[a].name.localeCompare(data.units[b].name, state.language) || a - b,
    share: (a, b) => (share(a) ?? Infinity * direction) - (share(b) ?? Infinity * direction) || a - b,
  }[state.sort];
  return indices.sort((a, b) => direction * compare(a, b));
}

function paintRows() {
  const items = ordered().map((index) => {
    const item = element("li");
    item.append(rowOf(index));
    return item;
  });
  at("rows").replaceChildren(...items);
  at("city").replaceChildren(...(CITY < 0 ? [] : [rowOf(CITY)]));
  for (const button of at("sorting").children) {
    const active = button.dataset.sort === state.sort;
    const arrow = active ? (state.ascending ? " ↑" : " ↓") : "";
    button.textContent = say("sort_" + button.dataset.sort) + arrow;
    button.setAttribute("aria-pressed", String(active));
  }
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

/** The unit's other headlines, for the same denominator. */
function otherHeadlines(index) {
  const list = element("div", "others");
  for (const item of data.picks.filter((other) => other.group === "headline")) {
    const row = figures(index, item.id);
    if (!row) continue;
    const line = element("div", "legend-line" + (row.hatched ? " hatched" : ""));
    const swatch = element("i", "swatch");
    swatch.style.backgroundColor = colourOf(row);
    line.append(swatch, element("span", "", inWords(item.label)), element("b", "", bounds(row)));
    list.append(line);
  }
  return list;
}

function closeButton() {
  const close = element("button", "close", "×");
  close.type = "button";
  close.title = say("close");
  close.setAttribute("aria-label", say("close"));
  close.addEventListener("click", () => select(null));
  return close;
}

function paintCard() {
  const card = at("card");
  card.hidden = state.selected === null;
  if (card.hidden) return card.replaceChildren();
  const row = figures(state.selected);
  const parts = [closeButton(), element("h2", "name", data.units[state.selected].name)];
  parts.push(element("div", "quiet", inWords(pick().label)));
  if (!row) parts.push(element("p", "", say("no_figures")));
  else {
    const side = row.meets_target === null ? "open" : row.meets_target ? "above" : "below";
    parts.push(element("div", "figure", bounds(row)));
    if (row.share_upper > row.share) parts.push(element("div", "quiet", say("lower_upper")));
    parts.push(element("div", "verdict " + side, verdict(row, state.selected === CITY)));
    parts.push(factList(cardFacts(row)), fillDefinition(element("p", "quiet")));
    parts.push(otherHeadlines(state.selected));
  }
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
  paintCard();
  outline("selected", index);
  if (index !== null) bringIntoView(index);
}

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
  const parts = [source.name, source.publisher, source.date, source.licence].filter(Boolean);
  return parts.join(say("comma"));
}

function paintWords() {
  document.documentElement.lang = state.language === "zh" ? "zh-CN" : "en";
  document.title = data.title + " · " + say("page_kind");
  at("title").replaceChildren(element("span", "name", data.title));
  at("title").append(element("small", "", say("page_kind")));
  at("service-label").textContent = say("pick_service");
  at("denominator-label").textContent = say("pick_denominator");
  at("languages").setAttribute("aria-label", say("pick_language"));
  at("side").setAttribute("aria-label", say("list_of_units"));
  at("north").lastElementChild.textContent = say("north");
  at("notes").replaceChildren(...data.notes.map((note) => element("p", "name", inWords(note))));
  fillLine(at("sources"), data.sources.map(sourceText), say("semicolon"));
  at("sources").prepend(say("sources"));
  at("credit").textContent = say("credit") + " · " + say("internal");
  for (const button of at("languages").children) {
    button.setAttribute("aria-pressed", String(button.dataset.language === state.language));
  }
}

/** Everything that depends on what is picked. */
function paint() {
  paintPickers();
  paintWords();
  paintZoomButtons();
  paintUnits();
  paintFacilities();
  paintLegend();
  paintRows();
  paintCard();
  fillDefinition(at("definition"));
  map.invalidateSize({ animate: false });
}

function change(key, value) {
  state[key] = value;
  paint();
}

function sortBy(key) {
  state.ascending = state.sort === key ? !state.ascending : true;
  change("sort", key);
}

startMap();
at("service").addEventListener("change", (event) => change("service", event.target.value));
at("denominator").addEventListener("change", (event) => change("denominator", event.target.value));
for (const button of at("languages").children) {
  button.addEventListener("click", () => change("language", button.dataset.language));
}
for (const button of at("sorting").children) {
  button.addEventListener("click", () => sortBy(button.dataset.sort));
}
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && state.selected !== null) select(null);
});
paint();
settleMap();
