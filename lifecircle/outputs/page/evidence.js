// The cards of a gap, of a chosen site and of a facility, opened over the card of a unit.

const CARDS = { gap: gapCard, site: siteCard, facility: facilityCard };

/** Open the card of a gap, site or facility, and show its ground. */
function openCard(opened) {
  const inCard = at("card").contains(document.activeElement);
  state.opened = opened;
  if (opened.kind !== "facility") state.layer = "gaps";
  paint();
  unfoldList(false);
  showBox(evidenceBox(), { maxZoom: 16 });
  if (inCard) at("card").querySelector(".back").focus();
  at("card").scrollTop = 0;
}

/** Go back to the unit whose card was open before, or to the map. */
function closeOpened() {
  const { kind, number } = state.opened;
  const inCard = at("card").contains(document.activeElement);
  state.opened = null;
  paint();
  if (inCard) (at("card").querySelector(`[data-opens="${kind}-${number}"]`) || map.getContainer()).focus();
}

/** The buttons at the head of such a card. */
function evidenceHead() {
  const head = element("div", "evidence-head");
  head.append(button("back", "‹ " + say("back"), closeOpened));
  head.append(button("print", say("print_this"), () => window.print()));
  return head;
}

function heading(kind, name) {
  return [evidenceHead(), element("div", "quiet name", kind), element("h2", "name", name)];
}

/** A facility by its name and metres, or why there is none. */
function nearestInWords(name, metres) {
  if (metres === null) return say(name ? "gap_no_way" : "gap_no_facility");
  return say("gap_at", { name: name || say("gap_nameless"), m: plainNumber(metres, 0) });
}

function gapCard({ number }) {
  const gap = gaps[number];
  const tooSmall = gap.cause === "capacity";
  const limit = { m: plainNumber(gap.limit_m, 0) };
  const service = inWords(pick(gap.service).label);
  return [
    ...heading(say("gap_title", { service }) + " · " + nameOf(unitById.get(gap.unit_id)), gap.place),
    element("div", "figure", gapAmount(gap)),
    element("div", "quiet", tooSmall ? say("gap_too_little") : say("gap_not_covered", limit)),
    causeLine(gap),
    factList(gapFacts(gap)),
    ...peopleOf(gap),
    ...sitesOf(gap),
    element("p", "quiet", say("gaps_of", { text: gapWeight() })),
    stepping(gap),
  ];
}

function causeLine(gap) {
  const line = element("div", "cause", say("gap_cause", { cause: causeInWords(gap) }));
  line.style.setProperty("--swatch", data.palette.gaps[gap.cause]);
  return line;
}

function gapFacts(gap) {
  const facts = [
    [say("gap_walk"), nearestInWords(gap.facility_name || gap.straight_facility_name, gap.metres)],
    [say("gap_straight"), nearestInWords(gap.straight_facility_name, gap.straight_m)],
  ];
  const add = (key, text) => facts.push([say(key), text]);
  const shares = { target: gap.unit_target, meets_target: null };
  if (gap.unit_share !== null) add("gap_unit_share", percent(gap.unit_share, shares));
  if (gap.unit_target !== null) add("gap_unit_target", percent(gap.unit_target, { target: null }));
  if (gap.unit_missing > 0) add("gap_unit_missing", amount(gap.unit_missing, data.gaps.denominator));
  if (gap.capacity) {
    const inUnits = (n) => say("capacity_" + gap.capacity, { n: plainNumber(n, 1) });
    add("gap_capacity", inUnits(gap.capacity_per_1000));
    add("gap_need", inUnits(gap.need_per_1000));
    add("gap_capacity_missing", inUnits(gap.capacity_missing));
    if (gap.need_source) add("gap_need_source", gap.need_source);
  }
  return facts;
}

/** The other weights that the patch carries. */
function peopleOf(gap) {
  const others = Object.entries(gap.groups).filter(
    ([name, value]) => name !== data.gaps.denominator && value > 0,
  );
  if (!others.length) return [];
  const facts = others.map(([name, value]) => [gapWeight(name), amount(value, name)]);
  return [element("h3", "", say("gap_groups")), factList(facts)];
}

function sitesOf(gap) {
  if (!gap.sites.length) return [];
  const lines = gap.sites.map(([number, metres]) => {
    const { rank, candidate_name: name } = data.sites[number];
    const text = say("gap_site_at", { rank: String(rank), name, m: plainNumber(metres, 0) });
    return opener(text, { kind: "site", number });
  });
  return [element("h3", "", say("gap_sites")), ...lines];
}

/** A button that opens another card. */
function opener(text, opened, figure = "") {
  const line = button("line opens", undefined, () => openCard(opened));
  line.dataset.opens = opened.kind + "-" + opened.number;
  line.append(element("span", "name", text), element("b", "", figure));
  return line;
}

/** From gap to gap by size, for those who have no pointer. */
function stepping(gap) {
  const shown = shownGaps();
  const place = shown.indexOf(gap);
  const steps = element("div", "stepping");
  const step = (key, other) => {
    const made = button("", say(key), () => openCard({ kind: "gap", number: other.number }));
    made.disabled = other === undefined;
    return made;
  };
  const where = say("gap_of", { n: String(place + 1), of: String(shown.length) });
  steps.append(step("gap_previous", shown[place - 1]), element("span", "quiet", where));
  steps.append(step("gap_next", shown[place + 1]));
  return steps;
}

function siteCard({ number }) {
  const site = data.sites[number];
  const share = (value) => percent(value, { target: null });
  const facts = [
    [say("site_gain_total"), amount(site.gain_total, site.denominator)],
    [say("site_share_before"), share(site.share_before)],
    [say("site_share_after"), share(site.share_after)],
  ];
  return [
    ...heading(siteTitle(site) + " · " + site.unit_name, site.candidate_name),
    element("div", "figure", "+" + amount(site.gain, site.denominator)),
    element("div", "quiet", say("site_gain")),
    factList(facts),
    fillDefinition(element("p", "quiet")),
  ];
}

function facilityCard({ service, number }) {
  const facility = data.facilities.by_service[service][number];
  const [name, facts, source] = facilityLines(facility, service);
  const kind = say("facility_here", { service: inWords(pick(service).label) });
  const parts = [...heading(kind, name), element("div", "", facts)];
  return [...parts, ...ringsOf(facility[4], service), element("p", "quiet name", source)];
}

/** The rings with who walks within each of them, or why there are none. */
function ringsOf(number, service) {
  if (!data.rings || data.rings.outlines.length === 0) return [element("p", "quiet", whyNoRings())];
  if (number === null) return [element("p", "quiet", say("rings_none"))];
  const people = data.rings.people[number];
  const lines = circles(service).map((limit, tier) => {
    const line = element("div", "line ring");
    line.style.setProperty("--swatch", data.palette.points.tiers[tier]);
    line.append(element("span", "", tierInWords(limit)));
    if (people) line.append(element("b", "", amount(people[tier], data.rings.denominator)));
    return line;
  });
  return [element("h3", "", say("rings_title")), ...lines, element("p", "quiet", say("rings_say"))];
}

function whyNoRings() {
  const key = data.rings && data.rings.elsewhere ? "rings_elsewhere" : "rings_left_out";
  return say(key, { n: plainNumber(data.most_ringed, 0) });
}
