// Demand points: where people are, how far they walk, and who is not reached.
// They arrive packed as pictures and are unpacked when they are first looked at.

const COVERED = 0;
const UNKNOWN = 1;
const UNCOVERED = 2;
const FARTHEST = 254;
const NOWHERE = 255;
const HALF_TURN = Math.PI * 6378137; // half of the Mercator map's width in its metres
const SMALLEST_DOT = 2.4;
const AROUND = 0.25; // of the window drawn beyond its edges, for panning

const unpacked = new Map();
let demand = null; // what is picked, unpacked: weight, metres, states
let turn = 0;

/** The bytes of a picture, once. */
function bytesOf(uri, count) {
  if (!unpacked.has(uri)) unpacked.set(uri, readBytes(uri, count));
  return unpacked.get(uri);
}

async function readBytes(uri, count) {
  const picture = new Image();
  picture.src = uri;
  await picture.decode();
  const canvas = element("canvas");
  [canvas.width, canvas.height] = [picture.width, picture.height];
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.drawImage(picture, 0, 0);
  const pixels = pen.getImageData(0, 0, picture.width, picture.height).data;
  return Uint8Array.from({ length: count }, (_, i) => pixels[i * 4]);
}

/** Numbers of two bytes, times `step`, from the place `start` of packed bytes. */
function pairs(bytes, start, step, origin) {
  const count = data.points.count;
  const numbers = new Float64Array(count);
  for (let i = 0; i < count; i += 1) {
    numbers[i] = origin + (bytes[start + i] + 256 * bytes[start + count + i]) * step;
  }
  return numbers;
}

async function placesOfPoints() {
  const { places, count, step, origin } = data.points;
  const bytes = await bytesOf(places, count * 4);
  return { x: pairs(bytes, 0, step, origin[0]), y: pairs(bytes, count * 2, step, origin[1]) };
}

async function weightOfPoints() {
  const weight = data.points.weights[state.denominator];
  if (!weight) return null;
  return pairs(await bytesOf(weight.codes, data.points.count * 2), 0, weight.step, 0);
}

/** Codes of several services at each point as one: the nearest, or the farthest, of them. */
function combined(all, chosen) {
  if (all.length < 2 || all.includes(null)) return all.includes(null) ? null : all[0] || null;
  return all[0].map((_, i) => chosen(...all.map((codes) => codes[i])));
}

/** Walks to the nearest of a service or headline; of a combination, to the farthest headline. */
async function metresOf(item) {
  if (item.group === "combination") {
    return combined(await Promise.all(item.members.map((id) => metresOf(pick(id)))), Math.max);
  }
  const { metres, count } = data.points;
  const there = item.services.filter((name) => name in metres);
  return combined(await Promise.all(there.map((name) => bytesOf(metres[name], count))), Math.min);
}

/** Where it is packed who is reached within what is picked; nothing for a mean. */
function statesUri() {
  const { states, tier_states } = data.points;
  return tierOf() === null ? states[state.service] : (tier_states[state.service] || [])[tierOf()];
}

/** Unpack what is picked, and draw it unless the reader has picked something else meanwhile. */
async function loadDemand() {
  demand = null;
  if (!data.points || !data.points.weights[state.denominator]) {
    document.body.dataset.ready = "";
    return pointsLayer.redraw();
  }
  const mine = (turn += 1);
  const { reached: packed_reached, count } = data.points;
  const [places, weight, metres, states, reached] = await Promise.all([
    placesOfPoints(),
    weightOfPoints(),
    metresOf(pick()),
    statesUri() ? bytesOf(statesUri(), count) : null,
    packed_reached ? bytesOf(packed_reached, count) : null,
  ]);
  if (mine !== turn) return null;
  document.body.dataset.ready = "";
  demand = { ...places, weight, metres, states, reached };
  return pointsLayer.redraw();
}

/** The demand point at a place of the map, or null where none is near. */
function demandAt(latlng) {
  if (!demand) return null;
  const place = L.Projection.SphericalMercator.project(latlng);
  const pixel = (2 * HALF_TURN) / (256 * 2 ** map.getZoom());
  const reach = Math.max(0.75 * data.points.weights[state.denominator].spacing, 8 * pixel);
  let [nearest, best] = [-1, reach * reach];
  for (let i = 0; i < demand.x.length; i += 1) {
    if (demand.weight[i] === 0) continue;
    const away = (demand.x[i] - place.x) ** 2 + (demand.y[i] - place.y) ** 2;
    if (away < best) [nearest, best] = [i, away];
  }
  return nearest < 0 ? null : nearest;
}

/** The pace of those who walk to what is picked: the same minutes are other metres to them. */
function metresAMinute() {
  const [own, usual] = [circles(), data.points.tiers].map((limits) => limits[limits.length - 1]);
  return own && usual ? (data.points.m_per_min * own[0]) / usual[0] : data.points.m_per_min;
}

/** How far it is from a place of the map, in words. */
function walkInWords(latlng) {
  const point = latlng && demandAt(latlng);
  if (point === null || point === undefined) return "";
  if (state.layer === "complete") {
    return say("here_complete", { n: String(demand.reached[point]), of: String(data.points.services) });
  }
  if (demand.metres === null) return "";
  const code = demand.metres[point];
  if (code === NOWHERE) return say("here_nowhere");
  const metres = Math.min(code, FARTHEST) * data.points.metres_step;
  const values = {
    m: plainNumber(Math.max(metres, data.points.metres_step), 0),
    min: plainNumber(Math.max(1, Math.round(metres / metresAMinute())), 0),
    amount: amount(demand.weight[point]),
  };
  if (code === FARTHEST) return say("here_far", values);
  return say(pick().group === "combination" ? "here_all" : "here", values);
}

const tierClass = (code) => {
  if (code === NOWHERE) return circles().length;
  const metres = code * data.points.metres_step;
  const tier = circles().findIndex(([limit]) => metres <= limit);
  return tier < 0 ? circles().length : tier;
};

/** Fifths of the services that are measured. */
const completeClass = (reached) => Math.min(4, Math.floor((5 * reached) / data.points.services));

/** The groups that points are drawn in, the quiet ones first. */
function pointGroups() {
  const paint = data.palette.points;
  if (state.layer === "complete") {
    return paint.complete.map((colour) => ({ colour, opacity: 0.9, dots: [] }));
  }
  if (state.layer === "walk") {
    const colours = [...paint.tiers.slice(0, circles().length), paint.beyond];
    return colours.map((colour) => ({ colour, opacity: 0.9, dots: [] }));
  }
  const strong = [0.55, 0.8, 1].map((opacity) => ({ colour: paint.missed, opacity, dots: [] }));
  return [{ colour: paint.unknown, opacity: 0.75, dots: [] }, ...strong];
}

/** The number of a point's group, or -1 where it is not drawn. */
function groupOf(i, heavy) {
  if (state.layer === "walk") return tierClass(demand.metres[i]);
  if (state.layer === "complete") return completeClass(demand.reached[i]);
  if (demand.states[i] === COVERED) return -1;
  if (demand.states[i] === UNKNOWN) return 0;
  return demand.weight[i] >= heavy[1] ? 3 : demand.weight[i] >= heavy[0] ? 2 : 1;
}

/** Weights that split what is drawn into light, middle and heavy points. */
function thirds(weight) {
  const sorted = weight.filter((value) => value > 0).sort();
  return [sorted[Math.floor(sorted.length / 3)], sorted[Math.floor((2 * sorted.length) / 3)]];
}

const hasPointsToDraw = () =>
  demand !== null && shownOfDemand() !== null;

function shownOfDemand() {
  const { states, metres, reached } = demand;
  return { missed: states, walk: metres, complete: reached }[state.layer] || null;
}

const PointsLayer = L.Layer.extend({
  onAdd() {
    this._canvas = element("canvas", "points");
    map.getPane("points").append(this._canvas);
    map.on("moveend resize", this.redraw, this);
    map.on("zoomstart", () => this._canvas.classList.add("stale"));
  },
  redraw() {
    const canvas = this._canvas;
    canvas.classList.remove("stale");
    canvas.hidden = !hasPointsToDraw();
    if (canvas.hidden) return;
    const size = map.getSize();
    const margin = size.multiplyBy(AROUND).round();
    const whole = size.add(margin.multiplyBy(2));
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    [canvas.width, canvas.height] = [whole.x * ratio, whole.y * ratio];
    [canvas.style.width, canvas.style.height] = [whole.x + "px", whole.y + "px"];
    L.DomUtil.setPosition(canvas, map.containerPointToLayerPoint([0, 0]).subtract(margin));
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    drawPoints(pen, map.getPixelBounds().min.subtract(margin), whole);
  },
});

/** Draw the points of a window whose corner lies at `corner` of the zoomed world. */
function drawPoints(pen, corner, size) {
  const world = 256 * 2 ** map.getZoom();
  const side = Math.max(
    SMALLEST_DOT,
    (0.96 * data.points.weights[state.denominator].spacing * world) / (2 * HALF_TURN),
  );
  const groups = pointGroups();
  const heavy = thirds(demand.weight);
  for (let i = 0; i < demand.x.length; i += 1) {
    if (demand.weight[i] === 0) continue;
    const left = ((demand.x[i] / HALF_TURN + 1) / 2) * world - corner.x;
    const top = ((1 - demand.y[i] / HALF_TURN) / 2) * world - corner.y;
    if (left < -side || top < -side || left > size.x + side || top > size.y + side) continue;
    const group = groupOf(i, heavy);
    if (group >= 0) groups[group].dots.push(left - side / 2, top - side / 2);
  }
  for (const { colour, opacity, dots } of groups) {
    pen.fillStyle = colour;
    pen.globalAlpha = opacity;
    for (let i = 0; i < dots.length; i += 2) pen.fillRect(dots[i], dots[i + 1], side, side);
  }
}
