// What the colours mean, scale and credits of the map, and what happens as it moves or is printed.

function legendLine(className, colour, text) {
  const line = element("div", "legend-line " + className);
  const swatch = element("i", "swatch");
  swatch.style.backgroundColor = colour;
  swatch.style.setProperty("--swatch", colour);
  line.append(swatch, element("span", "", text));
  return line;
}

function classText(index) {
  const edges = breaks().map((share) => String(Math.round(share * 1000) / 10));
  if (index === 0) return "< " + edges[0] + " %";
  if (index === edges.length) return "≥ " + edges[index - 1] + " %";
  return edges[index - 1] + " – " + edges[index] + " %";
}

function legendClasses(legend, palette) {
  const classes = element("div", "classes");
  for (let index = palette.length - 1; index >= 0; index -= 1) {
    const atTarget = palette === data.palette.with_target && index === data.target_class;
    const colour = onPaper(palette[index]);
    classes.append(legendLine(atTarget ? "at-target" : "", colour, classText(index)));
  }
  legend.append(classes);
}

function unitLegend(legend) {
  const rows = data.units.map((unit, index) => unit.geometry && figures(index)).filter(Boolean);
  if (rows.some((row) => row.target !== null)) legendClasses(legend, data.palette.with_target);
  if (rows.some((row) => row.target === null)) {
    legend.append(element("div", "quiet", say(tierOf() === null ? "no_target" : "tier_no_target")));
    legendClasses(legend, data.palette.without_target);
  }
  if (rows.some((row) => row.hatched)) {
    legend.append(legendLine("hatched", "#fff", say("legend_hatched")));
  }
  if (rows.length < shapes.filter(Boolean).length || rows.some((row) => row.share === null)) {
    legend.append(legendLine("", onPaper(data.palette.none), say("legend_none")));
  }
}

function missedLegend(legend) {
  if (!statesUri()) {
    return legend.append(element("div", "quiet", say("legend_no_points")));
  }
  legend.append(legendLine("", data.palette.points.missed, say("legend_missed")));
  return legend.append(legendLine("", data.palette.points.unknown, say("legend_unknown")));
}

function walkLegend(legend) {
  const { tiers: colours, beyond } = data.palette.points;
  circles().forEach(([metres, minutes], index) => {
    legend.append(legendLine("", colours[index], tierInWords([metres, minutes], "legend_tier")));
  });
  legend.append(legendLine("", beyond, say("legend_beyond")));
}

function completeLegend(legend) {
  const edges = [0, 1, 2, 3, 4, 5].map((fifth) => Math.ceil((fifth * data.points.services) / 5));
  data.palette.points.complete.forEach((colour, index) => {
    const most = index === 4 ? data.points.services : edges[index + 1] - 1;
    const n = most > edges[index] ? edges[index] + " – " + most : String(edges[index]);
    legend.prepend(legendLine("", colour, say("legend_services", { n })));
  });
}

/** The causes with their places and people, the largest first. */
function gapLegend(legend) {
  const shown = shownGaps();
  const causes = Object.keys(data.palette.gaps).map((cause) => {
    const own = shown.filter((gap) => gap.cause === cause);
    return { cause, n: own.length, sum: own.reduce((sum, gap) => sum + gap.uncovered, 0) };
  });
  for (const { cause, n, sum } of causes.filter((one) => one.n).sort((a, b) => b.sum - a.sum)) {
    const values = { cause: say("cause_" + cause), n: String(n), amount: amount(sum, data.gaps.denominator) };
    legend.append(legendLine("gap " + cause, data.palette.gaps[cause], say("legend_gap_sum", values)));
  }
  const note = (text) => legend.append(element("div", "quiet", text));
  if (!shown.length) note(say("gaps_none"));
  else if (!state.opened) note(say("legend_numbers"));
  const of = gapServices().reduce((sum, service) => sum + ((data.gaps || {}).count[service] || 0), 0);
  if (of > shown.length) note(say("gaps_left_out", { n: String(shown.length), of: String(of) }));
  if (data.gaps && data.gaps.denominator) {
    note(say("gaps_of", { text: gapWeight() }));
  }
}

function ringLegend(legend) {
  if (!data.rings) return;
  circles(state.opened.service).forEach((limit, tier) => {
    legend.append(legendLine("", data.palette.points.tiers[tier], tierInWords(limit)));
  });
}

const LEGENDS = {
  rings: ringLegend,
  units: unitLegend, missed: missedLegend, walk: walkLegend, complete: completeLegend, gaps: gapLegend,
};

/** What the colours of the map stand for just now. */
const colouring = () => (state.opened && state.opened.kind === "facility" ? "rings" : state.layer);

function paintLegend() {
  const legend = at("legend");
  legend.replaceChildren();
  at("legend-title").textContent = say("legend_" + colouring());
  LEGENDS[colouring()](legend);
  if (countsMissed() && shownSites().length) {
    legend.append(legendLine("dot", data.palette.site, say("legend_site")));
  }
  if (["missed", "walk", "complete"].includes(colouring())) {
    legend.append(element("div", "quiet", say("legend_of", { text: denominatorLabel() })));
    if (data.points.merged_m) {
      const text = say("legend_merged", { m: plainNumber(data.points.merged_m, 0) });
      legend.append(element("div", "quiet", text));
    }
  }
  if (data.withheld) return legend.append(element("div", "quiet", say("legend_withheld")));
  const key = tooMany ? "legend_nearer" : "legend_facility";
  return legend.append(legendLine("dot", "#1c1c1c", say(key)));
}

function addBase() {
  if (data.online) {
    const { layers, credit, subdomains } = data.online;
    const options = { subdomains, maxZoom: 18, className: "online" };
    for (const address of layers) L.tileLayer(address, options).addTo(map);
    map.attributionControl.addAttribution(element("span", "", credit).outerHTML);
  } else if (data.base) {
    for (const part of ["ground", "streets"]) {
      if (data.base[part]) L.imageOverlay(data.base[part], data.base.bounds, { pane: part }).addTo(map);
    }
  }
}

function startMap() {
  at("stage").prepend(map.getContainer());
  map.options.zoomSnap = 0.25;
  map.attributionControl.setPrefix("Leaflet");
  if (data.odbl) map.attributionControl.addAttribution("© OpenStreetMap contributors");
  L.control.scale({ imperial: false, position: "bottomright" }).addTo(map);
  addBase();
  map.fitBounds(extent, { animate: false });
  pointsLayer.addTo(map);
}

function fitMap() {
  map.invalidateSize({ animate: false });
  if (state.opened) showBox(evidenceBox(), { animate: false, maxZoom: 16 });
  else showBox(extent, { animate: false });
}

/** Show everything on the printed page, and afterwards what was shown before. */
function followPrinting() {
  let before = null;
  window.addEventListener("beforeprint", () => {
    before = { place: map.getCenter(), zoom: map.getZoom() };
    document.documentElement.classList.add("printing");
    document.documentElement.classList.toggle("evidence", state.opened !== null);
    const long = state.opened === null && data.units.length > PRINTED_BESIDE;
    document.documentElement.classList.toggle("long", long);
    for (const box of ["legend-box", "sources-box", "notes"]) at(box).open = true;
    fitMap();
  });
  window.addEventListener("afterprint", () => {
    document.documentElement.classList.remove("printing", "long", "evidence");
    for (const box of ["sources-box", "notes"]) at(box).open = false;
    map.invalidateSize({ animate: false });
    map.setView(before.place, before.zoom, { animate: false });
  });
}

/** What must follow once the page has its words, and so its sizes. */
function settleMap(view) {
  fitMap();
  if (view) map.setView(view.place, view.zoom, { animate: false });
  fitLabels();
  map.on("zoomend", () => {
    if (crowded) {
      paintFacilities();
      paintLegend();
    } else facilities.eachLayer((dot) => dot.setRadius(dotRadius()));
    fitLabels();
  });
  map.on("moveend", keepAddress);
  followPrinting();
}
