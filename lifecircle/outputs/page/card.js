// The card of a unit: its figures, its words, its gaps, and all its services.

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
  parts.push(factList(cardFacts(row)), ...cardGaps(state.selected));
  parts.push(fillDefinition(element("p", "quiet")));
  return parts;
}

/** The card of what was opened last: a gap, site or facility, else a unit. */
function paintCard() {
  const { opened, selected } = state;
  const card = at("card");
  card.hidden = opened === null && selected === null;
  if (card.hidden) return card.replaceChildren();
  return card.replaceChildren(...(opened ? CARDS[opened.kind](opened) : unitCard(selected)));
}

function unitCard(index) {
  const unit = data.units[index];
  const parts = [closeButton(), element("h2", "name", nameOf(index))];
  parts.push(element("div", "quiet", inWords(pick().label)), ...cardFigures(figures(index)));
  const own = tierOf() === null && state.denominator === data.sentences_of;
  const said = own && unit.sentences[state.service];
  if (said) parts.push(element("p", "name", inWords(said)));
  parts.push(...cardLines(index, ["headline", "combination"]), ...allServices(index));
  return parts;
}

/** The largest gaps of a unit, or of all: pressing one opens its card and shows its ground. */
function cardGaps(index) {
  const largest = largestGaps(index);
  if (!largest.length) return [];
  const several = gapServices().length > 1;
  const lines = largest.map((gap, place) => {
    const service = several ? " · " + inWords(pick(gap.service).label) : "";
    const text = place + 1 + "  " + gap.place + service;
    const line = opener(text, { kind: "gap", number: gap.number }, gapAmount(gap));
    line.append(element("small", "quiet", causeInWords(gap)));
    line.style.setProperty("--swatch", data.palette.gaps[gap.cause]);
    return line;
  });
  const box = element("div", "largest");
  box.append(element("h3", "", say("gaps_largest")), ...lines);
  return [box];
}

