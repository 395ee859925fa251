// The map: units and facilities on one canvas, so that hovering finds both.

const FILL = 0.8;
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
    if (!layer.options.hatched) return;
    this._hatching = this._hatching || hatching();
    pen.globalAlpha = 1;
    pen.fillStyle = this._hatching;
    pen.fill("evenodd");
  },
});

const renderer = new HatchingCanvas({ padding: 0.3 });
const extent = L.latLngBounds(data.bounds);
const outlineOptions = { renderer, interactive: false, fill: false, color: "#111" };
const shapes = data.units.map((unit, index) => (unit.geometry ? shapeOf(unit, index) : null));
const labels = data.units.map((unit) => (unit.geometry ? labelOf(unit) : null));
const facilities = L.layerGroup().addTo(map);
const largestFirst = shapes.flatMap((shape, index) => (shape ? [index] : [])).sort(byExtent);
const outlines = { hovered: null, selected: null };
let zoomButtons = null;

function shapeOf(unit, index) {
  const feature = { type: "Feature", geometry: unit.geometry };
  const shape = L.GeoJSON.geometryToLayer(feature, { renderer });
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
  return L.tooltip(options).setLatLng(unit.label_at).setContent(content).addTo(map);
}

function byExtent(a, b) {
  const extentOf = (box) => (box.getEast() - box.getWest()) * (box.getNorth() - box.getSouth());
  return extentOf(shapes[b].getBounds()) - extentOf(shapes[a].getBounds());
}

const colourOf = (row) =>
  row === null || row.share_class === null
    ? data.palette.none
    : data.palette[row.target === null ? "without_target" : "with_target"][row.share_class];

function paintUnits() {
  shapes.forEach((shape, index) => {
    if (!shape) return;
    const row = figures(index);
    shape.setStyle({
      fillColor: colourOf(row),
      fillOpacity: FILL,
      color: "#fff",
      weight: 1.5,
      hatched: row !== null && row.hatched,
    });
    labels[index].getContent().textContent = row ? percent(row.share, row) : "–";
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
    const short = labelBox(index, 42, 16);
    const label = labels[index].getContent();
    label.classList.toggle("nameless", !fits(whole));
    label.classList.toggle("hidden", !fits(whole) && !fits(short));
    if (fits(short)) taken.push(fits(whole) ? whole : short);
  });
}

function unitTip(index) {
  const row = figures(index);
  const tip = element("div", "tip");
  tip.append(element("b", "name", data.units[index].name));
  tip.append(element("div", "", row ? bounds(row) : "–"));
  if (row) tip.append(element("div", "quiet", verdict(row, false)));
  return tip;
}

function facilityTip(facility, service) {
  const label = inWords(pick(service).label);
  const tip = element("div", "tip");
  tip.append(element("b", "name", facility.name || label));
  const facts = [label];
  if (facility.beds !== null) facts.push(say("beds", { n: facility.beds }));
  if (facility.places !== null) facts.push(say("places", { n: facility.places }));
  tip.append(element("div", "", facts.join(" · ")));
  tip.append(element("div", "quiet name", say("source", { source: facility.source })));
  return tip;
}

const dotRadius = () => Math.min(6, Math.max(2, (map.getZoom() - 9) * 1.1));

function paintFacilities() {
  facilities.clearLayers();
  for (const service of pick().services) {
    for (const facility of data.facilities[service] || []) {
      for (const place of facility.places_at) addDot(place, facility, service);
    }
  }
  outline("selected", state.selected);
}

function addDot(place, facility, service) {
  const style = { renderer, radius: dotRadius(), color: "#fff", weight: 1.2 };
  const dot = L.circleMarker(place, { ...style, fillColor: "#1c1c1c", fillOpacity: 1 });
  dot.bindTooltip(() => facilityTip(facility, service), { opacity: 1 });
  dot.addTo(facilities);
}

/** Draw the hovered or selected unit's outline above everything else. */
function outline(kind, index) {
  if (outlines[kind]) outlines[kind].remove();
  outlines[kind] = null;
  if (index === null || !shapes[index]) return;
  const weight = kind === "selected" ? 3.5 : 2;
  outlines[kind] = L.polygon(shapes[index].getLatLngs(), { ...outlineOptions, weight }).addTo(map);
}

/** Show `box` beside the legend and the card; a phone has them below the map. */
function showBox(box, options) {
  map.fitBounds(box, {
    paddingTopLeft: [besideMap("legend"), 14],
    paddingBottomRight: [besideMap("card"), 14],
    ...options,
  });
}

function besideMap(id) {
  const covers = map.getSize().x > 700 && !at(id).hidden;
  return covers ? at(id).offsetWidth + 28 : 14;
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

function legendLine(className, colour, text) {
  const line = element("div", "legend-line " + className);
  const swatch = element("i", "swatch");
  swatch.style.backgroundColor = colour;
  line.append(swatch, element("span", "", text));
  return line;
}

function classText(index) {
  const edges = data.breaks.map((share) => String(Math.round(share * 1000) / 10));
  if (index === 0) return "< " + edges[0] + " %";
  if (index === edges.length) return "≥ " + edges[index - 1] + " %";
  return edges[index - 1] + " – " + edges[index] + " %";
}

function legendClasses(legend, palette) {
  const classes = element("div", "classes");
  for (let index = palette.length - 1; index >= 0; index -= 1) {
    const atTarget = palette === data.palette.with_target && index === data.target_class;
    classes.append(legendLine(atTarget ? "at-target" : "", palette[index], classText(index)));
  }
  legend.append(classes);
}

function paintLegend() {
  const rows = data.units.map((unit, index) => unit.geometry && figures(index)).filter(Boolean);
  const legend = at("legend");
  legend.replaceChildren(element("b", "", say("legend_share")));
  if (rows.some((row) => row.target !== null)) legendClasses(legend, data.palette.with_target);
  if (rows.some((row) => row.target === null)) {
    legend.append(element("div", "quiet", say("no_target")));
    legendClasses(legend, data.palette.without_target);
  }
  if (rows.some((row) => row.hatched)) {
    legend.append(legendLine("hatched", "#fff", say("legend_hatched")));
  }
  if (rows.length < shapes.filter(Boolean).length || rows.some((row) => row.share === null)) {
    legend.append(legendLine("", data.palette.none, say("legend_none")));
  }
  legend.append(legendLine("dot", "#1c1c1c", say("legend_facility")));
}

function startMap() {
  at("stage").prepend(map.getContainer());
  map.options.zoomSnap = 0.25;
  map.attributionControl.setPrefix("Leaflet");
  map.attributionControl.addAttribution("© OpenStreetMap contributors");
  L.control.scale({ imperial: false, position: "bottomright" }).addTo(map);
  if (data.base) L.imageOverlay(data.base.image, data.base.bounds).addTo(map);
  map.fitBounds(extent, { animate: false });
}

function fitMap() {
  map.invalidateSize({ animate: false });
  showBox(extent, { animate: false });
}

/** What must follow once the page has its words, and so its sizes. */
function settleMap() {
  fitMap();
  fitLabels();
  map.on("zoomend", () => {
    facilities.eachLayer((dot) => dot.setRadius(dotRadius()));
    fitLabels();
  });
  for (const moment of ["beforeprint", "afterprint"]) {
    window.addEventListener(moment, () => {
      const root = document.documentElement.classList;
      root.toggle("printing", moment === "beforeprint");
      root.toggle("long", data.units.length > PRINTED_BESIDE);
      fitMap();
    });
  }
}
