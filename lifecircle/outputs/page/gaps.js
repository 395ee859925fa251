// Gaps as patches on the map, chosen sites as numbered dots, and what is drawn for an open card.

const GAP_DASHES = {
  none: null, detour: "7 4", island: "2 4", unattached: "10 3 2 3", capacity: "12 4", unknown: "1 5",
};
const LARGEST = 3;
const DEGREE = 1e5; // steps of a packed outline in one degree
const gaps = unrolled(data.gaps);
const gapLayer = L.layerGroup().addTo(map);
const evidence = L.layerGroup().addTo(map);
const unitById = new Map(data.units.map((unit, index) => [unit.id, index]));

/** A row for each gap, from the lists of their facts. */
function unrolled(packed) {
  if (!packed) return [];
  const { facts, groups } = packed;
  const row = (lists, i) => Object.fromEntries(Object.keys(lists).map((key) => [key, lists[key][i]]));
  return facts.gap_id.map((_, i) => ({ ...row(facts, i), groups: row(groups, i), number: i }));
}

/** A packed outline as Leaflet takes it: for each polygon its rings of latitude and longitude. */
function unpackedShape(polygons) {
  return polygons.map((rings) => rings.map(unpackedRing));
}

function unpackedRing(steps) {
  const ring = [];
  let [lat, lng] = [0, 0];
  for (let i = 0; i < steps.length; i += 2) {
    lat += steps[i];
    lng += steps[i + 1];
    ring.push([lat / DEGREE, lng / DEGREE]);
  }
  return ring;
}

/** The services whose gaps are shown: of a combination those of all its headlines. */
const gapServices = () => (pick().group === "combination" ? pick().members : [pick().id]);

/** The gaps of what is picked, the largest first. */
function shownGaps() {
  const services = gapServices();
  return gaps.filter((gap) => services.includes(gap.service));
}

/** The largest gaps of a unit, or of all of them. */
function largestGaps(unit) {
  const own = shownGaps().filter((gap) => unit === WHOLE || unitById.get(gap.unit_id) === unit);
  return own.slice(0, LARGEST);
}

const gapWeight = (name = data.gaps.denominator) => inWords(data.gaps.words[name]);
const gapAmount = (gap) => amount(gap.uncovered, data.gaps.denominator);

const shownSites = () => data.sites.filter((site) => gapServices().includes(site.service));

/** Why, in words: what lies between, or what is short by how much. */
function causeInWords(gap) {
  const cause = say("cause_" + gap.cause);
  if (gap.between) return say("cause_between", { cause, between: say("between_" + gap.between) });
  if (gap.cause !== "capacity") return cause;
  const [has, needs] = [gap.capacity_per_1000, gap.need_per_1000].map((n) => plainNumber(n, 1));
  return say("cause_short", { cause, has, needs });
}

function paintGaps() {
  gapLayer.clearLayers();
  if (state.layer === "gaps") {
    const shown = shownGaps();
    // Smaller ones lie on larger ones, so that each can be pressed.
    for (const gap of shown) addPatch(gap);
    const numbered = state.opened ? [] : largestGaps(state.selected ?? WHOLE);
    numbered.forEach((gap, place) => addNumber(gap, String(place + 1)));
  }
  if (countsMissed()) for (const site of shownSites()) addSite(site);
}

function addPatch(gap) {
  const colour = data.palette.gaps[gap.cause];
  const style = { renderer, color: colour, weight: 2, dashArray: GAP_DASHES[gap.cause] };
  const faint = state.opened ? { opacity: 0.5, fillOpacity: 0.08 } : { fillOpacity: 0.35 };
  const patch = L.polygon(unpackedShape(gap.shape), { ...style, fillColor: colour, ...faint });
  patch.bindTooltip(() => gapTip(gap), { sticky: true, opacity: 1 });
  patch.on("click", () => openCard({ kind: "gap", number: gap.number }));
  patch.addTo(gapLayer);
}

const gapBox = (gap) => L.latLngBounds(unpackedShape(gap.shape).flat(2));

function addNumber(gap, count) {
  const style = { renderer, radius: 10, count, color: "#fff", weight: 1.5, fillOpacity: 1 };
  const dot = L.circleMarker(gapBox(gap).getCenter(), { ...style, fillColor: data.palette.gaps[gap.cause] });
  dot.on("click", () => openCard({ kind: "gap", number: gap.number }));
  dot.bindTooltip(() => gapTip(gap), { opacity: 1 });
  dot.addTo(gapLayer);
}

function addSite(site) {
  const style = { renderer, radius: 11, count: String(site.rank), color: "#fff", weight: 2 };
  const dot = L.circleMarker(site.place, { ...style, fillColor: data.palette.site, fillOpacity: 1 });
  dot.bindTooltip(() => siteTip(site), { opacity: 1 });
  dot.on("click", () => openCard({ kind: "site", number: data.sites.indexOf(site) }));
  dot.addTo(gapLayer);
}

function tipOf(name, ...lines) {
  const tip = element("div", "tip");
  tip.append(element("b", "name", name), ...lines.map((line) => element("div", "", line)));
  tip.append(element("div", "quiet", say("click_for_more")));
  return tip;
}

function gapTip(gap) {
  const service = inWords(pick(gap.service).label);
  return tipOf(gap.place, service + " · " + gapAmount(gap), causeInWords(gap));
}

const siteTitle = (site) =>
  say("site_title", { rank: String(site.rank), service: inWords(pick(site.service).label) });

function siteTip(site) {
  return tipOf(site.candidate_name, siteTitle(site), "+" + amount(site.gain, site.denominator));
}

/** What the map shows beside the card that is open. */
function paintEvidence() {
  evidence.clearLayers();
  if (state.opened) EVIDENCE[state.opened.kind](state.opened);
}

const EVIDENCE = {
  gap: ({ number }) => drawGap(gaps[number]),
  site: ({ number }) => drawSpot(data.sites[number].place, data.palette.site, siteTitle(data.sites[number])),
  facility: ({ service, number }) => drawFacility(data.facilities.by_service[service][number]),
};

function drawGap(gap) {
  const colour = data.palette.gaps[gap.cause];
  const style = { renderer, interactive: false, weight: 4, color: colour, fillColor: colour };
  L.polygon(unpackedShape(gap.shape), { ...style, fillOpacity: 0.25 }).addTo(evidence);
  const same = String(gap.nearest) === String(gap.straight);
  if (gap.nearest) drawWay(gap, gap.nearest, "gap_walk", null);
  if (gap.straight && !same) drawWay(gap, gap.straight, "gap_straight", "3 6");
  for (const [number] of gap.sites) {
    const site = data.sites[number];
    drawSpot(site.place, data.palette.site, say("site_number", { rank: String(site.rank) }));
  }
}

/** A line from a gap to a facility; the walk itself is longer. */
function drawWay(gap, place, key, dashArray) {
  const line = { renderer, interactive: false, color: "#1c1c1c", weight: 1.5, dashArray };
  L.polyline([gapBox(gap).getCenter(), place], line).addTo(evidence);
  drawSpot(place, "#1c1c1c", say(key));
}

function drawSpot(place, fillColor, text) {
  const style = { renderer, interactive: false, radius: 8, color: "#fff", weight: 2, fillOpacity: 1 };
  L.circleMarker(place, { ...style, fillColor }).addTo(evidence);
  const options = { permanent: true, direction: "center", className: "label", opacity: 1 };
  const label = element("b", "unit-label nameless spot", text);
  L.tooltip(options).setLatLng(place).setContent(label).addTo(evidence);
}

function drawFacility(facility) {
  if (facility[4] !== null) drawRings(data.rings.outlines[facility[4]]);
  for (const place of facility[5]) {
    L.circleMarker(place, { ...dotStyle, interactive: false, radius: 8, weight: 2.5 }).addTo(evidence);
  }
}

/** The ground that an open card speaks of. */
function evidenceBox() {
  const { kind, service, number } = state.opened;
  if (kind === "site") return L.latLng(data.sites[number].place).toBounds(1600);
  if (kind === "facility") return facilityBox(data.facilities.by_service[service][number]);
  const gap = gaps[number];
  const near = [gap.nearest, gap.straight, ...gap.sites.map(([site]) => data.sites[site].place)];
  return near.filter(Boolean).reduce((box, place) => box.extend(place), gapBox(gap));
}

function facilityBox(facility) {
  const box = L.latLngBounds(facility[5]).pad(0.2);
  const rings = facility[4] === null ? [] : data.rings.outlines[facility[4]];
  if (!rings.length) return L.latLng(facility[5][0]).toBounds(1600).extend(box);
  return box.extend(L.latLngBounds(unpackedShape(rings[rings.length - 1]).flat(2)));
}
