// Facilities on the map's canvas: dots near by, clusters far out, and the rings of a clicked one.

const CROWD = 120; // facilities that may stand singly when the whole study is in sight
const CLUSTER = 44; // pixels of a cell whose facilities are drawn as one
const SINGLE_FROM_ZOOM = 15;
const MOST_CLUSTERS = 60; // more of them would hide what lies below
const facilities = L.layerGroup().addTo(map);

/** What a facility is, in lines: its name, its service and capacity, the file it came from. */
function facilityLines([name, beds, places, file], service) {
  const label = inWords(pick(service).label);
  const facts = [label];
  if (beds !== null) facts.push(say("beds", { n: plainNumber(beds, 0) }));
  if (places !== null) facts.push(say("places", { n: plainNumber(places, 0) }));
  return [name || label, facts.join(" · "), say("source", { source: data.facilities.files[file] })];
}

function facilityTip(facility, service) {
  const [name, facts, source] = facilityLines(facility, service);
  const tip = element("div", "tip");
  tip.append(element("b", "name", name), element("div", "", facts));
  tip.append(element("div", "quiet name", source));
  return tip;
}

const dotRadius = () => Math.min(6, Math.max(2.5, (map.getZoom() - 9) * 1.1));
const dotStyle = { renderer, color: "#fff", weight: 1.2, fillColor: "#1c1c1c", fillOpacity: 1 };
let crowded = false;
let tooMany = false;

function shownFacilities() {
  const dots = [];
  for (const service of pick().services) {
    (data.facilities.by_service[service] || []).forEach((facility, number) => {
      for (const place of facility[5]) dots.push({ place, facility, service, number });
    });
  }
  return dots;
}

function paintFacilities() {
  facilities.clearLayers();
  const dots = shownFacilities();
  crowded = dots.length > CROWD;
  const single = !crowded || map.getZoom() >= SINGLE_FROM_ZOOM;
  const groups = single ? dots.map((dot) => [dot]) : clusters(dots);
  tooMany = !single && groups.length > MOST_CLUSTERS;
  for (const group of tooMany ? [] : groups) {
    const count = new Set(group.map((dot) => dot.facility)).size;
    if (count === 1) addDot(group[0]);
    else addCluster(group, String(count));
  }
  outline("selected", state.selected);
}

/** Facilities that lie in one cell of the screen, cell by cell. */
function clusters(dots) {
  const cells = new Map();
  for (const dot of dots) {
    const place = map.project(dot.place);
    const key = Math.floor(place.x / CLUSTER) + " " + Math.floor(place.y / CLUSTER);
    cells.set(key, [...(cells.get(key) || []), dot]);
  }
  return [...cells.values()];
}

function addDot({ place, facility, service, number }) {
  const dot = L.circleMarker(place, { ...dotStyle, radius: dotRadius() });
  dot.on("click", () => openCard({ kind: "facility", service, number }));
  dot.bindTooltip(() => facilityTip(facility, service), { opacity: 1 });
  dot.addTo(facilities);
}

function addCluster(group, count) {
  const middle = [0, 1].map((i) => group.reduce((sum, dot) => sum + dot.place[i], 0) / group.length);
  const dot = L.circleMarker(middle, { ...dotStyle, radius: 8 + 2 * count.length, count });
  const tip = () => element("div", "tip", say("cluster", { n: count }));
  dot.bindTooltip(tip, { opacity: 1 });
  dot.on("click", () => map.setView(middle, Math.min(SINGLE_FROM_ZOOM, map.getZoom() + 2)));
  dot.addTo(facilities);
}

/** The rings of a facility, the largest first, so that the smaller ones lie on it. */
function drawRings(outlines) {
  const colours = data.palette.points.tiers;
  outlines.map((outline, tier) => [outline, tier]).reverse().forEach(([outline, tier]) => {
    const fillColor = colours[Math.min(tier, colours.length - 1)];
    const style = { renderer, interactive: false, color: "#0b4a5e", weight: 1.2 };
    const ring = L.polygon(unpackedShape(outline), { ...style, fillColor, fillOpacity: 0.45 });
    ring.addTo(evidence);
  });
}

/** The facilities whose name has what the reader searches for. */
function foundFacilities() {
  const searched = folded(state.search.trim());
  if (!searched) return [];
  const once = new Map(shownFacilities().map((dot) => [dot.service + "." + dot.number, dot]));
  return [...once.values()].filter(({ facility }) => folded(facility[0] || "").includes(searched));
}
