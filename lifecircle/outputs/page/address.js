// The address keeps the view, so that a planner can send what is on the screen.

const STARTED = { language: state.language, service: state.service, sort: "share", layer: "units" };

function addressOf() {
  const words = new URLSearchParams();
  if (state.selected !== null) words.set("unit", data.units[state.selected].id || "all");
  words.set("service", state.service);
  words.set("of", state.denominator);
  if (state.tier !== null) words.set("tier", String(state.tier + 1));
  if (state.opened) words.set(...openedInAddress(state.opened));
  if (state.layer !== STARTED.layer) words.set("layer", state.layer);
  if (state.language !== STARTED.language) words.set("lang", state.language);
  if (state.sort !== STARTED.sort || !state.ascending) {
    words.set("sort", (state.ascending ? "" : "-") + state.sort);
  }
  if (state.below) words.set("below", "1");
  const { lat, lng } = map.getCenter();
  words.set("at", [lat.toFixed(5), lng.toFixed(5), map.getZoom().toFixed(2)].join(","));
  return "#" + words.toString();
}

function openedInAddress({ kind, service, number }) {
  if (kind === "gap") return [kind, gaps[number].gap_id];
  return [kind, kind === "site" ? String(number + 1) : service + "." + (number + 1)];
}

/** The gap, site or facility that an address names, where this page has it. */
function openedIn(words) {
  const gap = gaps.findIndex((one) => one.gap_id === words.get("gap"));
  if (gap >= 0) return { kind: "gap", number: gap };
  const site = Number(words.get("site")) - 1;
  if (site in data.sites) return { kind: "site", number: site };
  const [service, place] = (words.get("facility") || "").split(".");
  const number = Number(place) - 1;
  const there = Object.hasOwn(data.facilities.by_service, service);
  if (there && number in data.facilities.by_service[service]) return { kind: "facility", service, number };
  return null;
}

const KEEP_AFTER = 120; // milliseconds of rest: browsers do not like it more often
let keeping = false;
let waiting = 0;

/** Put the view into the address, once the reader pauses. */
function keepAddress() {
  clearTimeout(waiting);
  if (keeping) waiting = setTimeout(writeAddress, KEEP_AFTER);
}

/** A page inside another program may not have an address to write to. */
function writeAddress() {
  try {
    history.replaceState(null, "", addressOf());
  } catch (error) {
    keeping = false;
  }
}

const oneOf = (value, allowed, otherwise) => (allowed.includes(value) ? value : otherwise);

/** Take over what an address says, as far as it fits this page. */
function readAddress() {
  const words = new URLSearchParams(location.hash.slice(1));
  const withRows = data.picks.filter((item) => item.has_rows).map((item) => item.id);
  state.service = oneOf(words.get("service"), withRows, state.service);
  const shares = Object.keys(data.series[state.service]);
  state.denominator = oneOf(words.get("of"), shares, state.denominator);
  state.language = oneOf(words.get("lang"), ["zh", "en"], STARTED.language);
  state.layer = oneOf(words.get("layer"), layers(), "units");
  const tier = Number(words.get("tier")) - 1;
  state.tier = tier in circles() ? tier : null;
  const sort = words.get("sort") || "";
  state.sort = oneOf(sort.replace("-", ""), ["name", "share", "missed"], STARTED.sort);
  state.ascending = !sort.startsWith("-");
  state.below = words.get("below") === "1";
  const id = words.get("unit");
  const unit = data.units.findIndex((other) => (other.id || "all") === id);
  const found = id === null || unit < 0 ? null : unit;
  return { unit: found, opened: openedIn(words), view: viewIn(words.get("at")) };
}

function viewIn(text) {
  const [lat, lng, zoom] = (text || "").split(",").map(Number);
  const there = [lat, lng, zoom].every(Number.isFinite) && Math.abs(lat) < 85;
  return there ? { place: L.latLng(lat, lng), zoom } : null;
}
