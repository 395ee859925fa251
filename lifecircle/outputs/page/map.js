// The map: units and facilities on one canvas, so that hovering finds both.

const FILL = 0.78;
const HATCH_STEP = 8;
const PRINTED_BESIDE = 20; // units whose list fits beside the printed map

function hatching() {
  const tile = element("canvas");
  tile.width = tile.height = HATCH_STEP;
  const pen = tile.getContext("2d");
  pen.strokeStyle = data.palette.hatch;
  pen.lineWidth = 1.6;
  for (const shift of [-HATCH_STEP, 0, HATCH_STEP]) {
    pen.moveTo(shift, HATCH_STEP);
    pen.lineTo(shift + HATCH_STEP, 0);
  }
  pen.stroke();
  return pen.createPattern(tile, "repeat");
}

const HatchingCanvas = L.Canvas.extend({
  _fillStroke(pen, layer) {
    L.Canvas.prototype._fillStroke.call(this, pen, layer);
    if (layer.options.count) writeCount(pen, layer);
    if (!layer.options.hatched) return;
    this._hatching = this._hatching || hatching();
    pen.globalAlpha = 1;
    pen.fillStyle = this._hatching;
    pen.fill("evenodd");
  },
});

function writeCount(pen, dot) {
  pen.globalAlpha = 1;
  pen.fillStyle = "#fff";
  pen.font = "bold 12px sans-serif";
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(dot.options.count, dot._point.x, dot._point.y);
}

/** A layer of the map by its name: `order` says what it lies above. */
function pane(name, order) {
  const made = map.createPane(name);
  made.style.zIndex = order;
  made.style.pointerEvents = "none";
}
pane("ground", 210);
pane("points", 300);
pane("streets", 410);

const pointsLayer = new PointsLayer();
const renderer = new HatchingCanvas({ padding: 0.3 });
const extent = L.latLngBounds(data.bounds);
const outlineOptions = { renderer, interactive: false, fill: false, color: "#111" };
const shapes = data.units.map((unit, index) => (unit.geometry ? shapeOf(unit, index) : null));
const labels = data.units.map((unit) => (unit.geometry ? labelOf(unit) : null));
const largestFirst = shapes.flatMap((shape, index) => (shape ? [index] : [])).sort(byExtent);
const outlines = { hovered: null, selected: null };
let zoomButtons = null;

function shapeOf(unit, index) {
  const feature = { type: "Feature", geometry: unit.geometry };
  const shape = L.GeoJSON.geometryToLayer(feature, { renderer });
  shape.on("mouseover mousemove", (event) => pointAt(event.latlng));
  shape.on("mouseover", () => hover(index));
  shape.on("mouseout", () => hover(null));
  shape.on("click", () => select(index));
  shape.bindTooltip(() => unitTip(index), { sticky: true, opacity: 1 });
  return shape.addTo(map);
}

function labelOf(unit) {
  const content = element("b", "unit-label");
  content.dataset.name = unit.name;
  const options = { permanent: true, direction: "center", className: "label", opacity: 1 };
  return L.tooltip(options).setLatLng(unit.label_at).setContent(content);
}

function byExtent(a, b) {
  const extentOf = (box) => (box.getEast() - box.getWest()) * (box.getNorth() - box.getSouth());
  return extentOf(shapes[b].getBounds()) - extentOf(shapes[a].getBounds());
}

const colourOf = (row) =>
  row === null || row.share_class === null
    ? data.palette.none
    : data.palette[row.target === null ? "without_target" : "with_target"][row.share_class];

/** A colour as it looks on the map's paper, for swatches. */
function onPaper(colour) {
  const channels = [1, 3, 5].map((start) => parseInt(colour.slice(start, start + 2), 16));
  const mixed = channels.map((value) => Math.round(value * FILL + 243 * (1 - FILL)));
  return `rgb(${mixed.join(", ")})`;
}

/** What the label of a unit says beside its name. */
function labelText(row) {
  if (row === null) return "–";
  if (!countsMissed()) return percent(row.share, row);
  return missed(row) === null ? "–" : amount(missed(row));
}

function paintUnits() {
  const quiet = state.layer !== "units" || state.opened !== null;
  map.getContainer().classList.toggle("quiet-units", quiet);
  shapes.forEach((shape, index) => {
    if (!shape) return;
    const row = figures(index);
    shape.setStyle({
      fillColor: colourOf(row),
      fillOpacity: quiet ? 0 : FILL,
      color: quiet ? "#55606c" : "#fff",
      weight: 1.5,
      hatched: !quiet && row !== null && row.hatched,
    });
    labels[index].getContent().textContent = labelText(row);
  });
  fitLabels();
}

/** Pixels that a name takes on the map, without asking the browser to lay it out. */
function widthOf(name) {
  const widths = Array.from(name, (letter) => (letter > "\u2e80" ? 13 : 7.3));
  return Math.min(170, widths.reduce((sum, width) => sum + width, 0));
}

/** The box that a label would take, or null where its unit is too small for it. */
function labelBox(index, width, height) {
  const box = shapes[index].getBounds();
  const place = map.latLngToLayerPoint(data.units[index].label_at);
  const size = map.latLngToLayerPoint(box.getSouthEast())
    .subtract(map.latLngToLayerPoint(box.getNorthWest()));
  if (size.x < width || size.y < height * 1.3) return null;
  return L.bounds(place.subtract([width / 2, height / 2]), place.add([width / 2, height / 2]));
}

/** Name and share where there is room, the share alone where only that fits, else nothing. */
function fitLabels() {
  const taken = [];
  const fits = (box) => box !== null && !taken.some((other) => other.intersects(box));
  largestFirst.forEach((index) => {
    const whole = labelBox(index, Math.max(widthOf(data.units[index].name), 42), 32);
    const short = labelBox(index, widthOf(labels[index].getContent().textContent), 16);
    const label = labels[index].getContent();
    label.classList.toggle("nameless", !fits(whole));
    if (fits(short)) map.addLayer(labels[index]);
    else map.removeLayer(labels[index]);
    if (fits(short)) taken.push(fits(whole) ? whole : short);
  });
}

let pointed = null; // the place under the pointer
const here = element("div", "here");

/** Say in the open tip how far it is from a place. */
function pointAt(latlng) {
  pointed = latlng;
  here.textContent = walkInWords(latlng);
}

function unitTip(index) {
  const row = figures(index);
  const tip = element("div", "tip");
  tip.append(element("b", "name", nameOf(index)));
  tip.append(element("div", "", row ? bounds(row) : "–"));
  if (row) tip.append(element("div", "quiet", verdict(row, false)));
  tip.append(here);
  here.textContent = walkInWords(pointed);
  return tip;
}

/** Draw the hovered or selected unit's outline above everything else. */
function outline(kind, index) {
  if (outlines[kind]) outlines[kind].remove();
  outlines[kind] = null;
  if (index === null || !shapes[index]) return;
  const weight = kind === "selected" ? 3.5 : 2;
  outlines[kind] = L.polygon(shapes[index].getLatLngs(), { ...outlineOptions, weight }).addTo(map);
}

/** Show `box` beside the legend and the card; a phone has the card over the foot of the map. */
function showBox(box, options) {
  const size = map.getSize();
  const card = coveredByCard();
  map.fitBounds(box, {
    paddingTopLeft: [besideMap("legend-box", size.x - card.x), 14],
    paddingBottomRight: [card.x || 14, Math.min(card.y || 14, size.y * 0.7)],
    ...options,
  });
}

/** Pixels of the map's right and lower side that lie under the card. */
function coveredByCard() {
  const [frame, box] = [map.getContainer(), at("card")].map((one) => one.getBoundingClientRect());
  if (at("card").hidden || box.left >= frame.right) return { x: 0, y: 0 };
  const isSheet = box.width >= frame.width;
  return isSheet ? { x: 0, y: frame.bottom - box.top + 14 } : { x: besideMap("card"), y: 0 };
}

function besideMap(id, room = map.getSize().x) {
  const width = at(id).hidden ? 0 : at(id).offsetWidth + 28;
  // A narrow map keeps its room: what lies beside it may cover its edge then.
  return room - width > 420 ? Math.max(14, width) : 14;
}

/** Move the map only where the unit is not in sight already. */
function bringIntoView(index) {
  if (!shapes[index]) return showBox(extent);
  const box = shapes[index].getBounds();
  const west = map.latLngToContainerPoint(box.getNorthWest());
  const east = map.latLngToContainerPoint(box.getSouthEast());
  const size = map.getSize();
  const inSight = west.x > 0 && west.y > 0 && east.y < size.y;
  if (inSight && east.x < size.x - besideMap("card")) return map;
  return showBox(box, { maxZoom: map.getZoom() });
}

function paintZoomButtons() {
  if (zoomButtons) zoomButtons.remove();
  const titles = { zoomInTitle: say("zoom_in"), zoomOutTitle: say("zoom_out") };
  zoomButtons = L.control.zoom({ position: "topleft", ...titles }).addTo(map);
}

