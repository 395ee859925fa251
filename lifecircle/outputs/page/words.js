// What the page knows, what the reader has picked, and how both are put into words.
// Names from files reach the page only through textContent, title and data attributes.

const data = JSON.parse(document.getElementById("data").textContent);
const state = {
  language: data.language,
  service: data.picks.find((item) => item.has_rows).id,
  denominator: "",
  layer: "units",
  tier: null, // the number of a circle, or null for the limit of the service itself
  selected: null,
  opened: null, // a gap, site or facility whose card is open
  sort: "share",
  ascending: true,
  search: "",
  below: false,
};

const at = (id) => document.getElementById(id);

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function button(className, text, press) {
  const made = element("button", className, text);
  made.type = "button";
  made.addEventListener("click", press);
  return made;
}

/** A sentence of the page in the picked language, with `values` in its places. */
function say(key, values = {}) {
  const places = (whole, name) => (name in values ? values[name] : whole);
  return data.texts[key][state.language].replace(/\{(\w+)\}/g, places);
}

const inWords = (text) => (typeof text === "string" ? text : text[state.language]);
const joined = (texts) => texts.join(say("comma"));
const nameOf = (unit) => inWords(data.units[unit].name);

const picks = new Map(data.picks.map((item) => [item.id, item]));
const pick = (id = state.service) => picks.get(id);
const series = () => data.series[state.service][state.denominator];

/** The layers that this page has data for. */
function layers() {
  const ofPoints = data.points ? ["missed", "walk"] : [];
  if (data.points && data.points.reached) ofPoints.push("complete");
  return ["units", ...ofPoints, ...(data.gaps || data.sites.length ? ["gaps"] : [])];
}

/** Whether the list and the labels count who is not reached, instead of giving shares. */
const countsMissed = () => state.layer === "missed" || state.layer === "gaps";

const HAS_TARGET = 1;
const HATCHED = 2;
const BELOW = 4;
const ABOVE = 8;

/** The circles of a service as metres and minutes; those of the standard for a combination. */
const circles = (service = state.service) =>
  data.tiers.limits[service] || (data.points ? data.points.tiers : []);

/** The circle that is picked, as far as a service has figures for it. */
function tierOf(service = state.service) {
  const found = data.tiers.series[service];
  return found && state.denominator in found ? state.tier : null;
}

/** The figures of a unit for what is picked; null where there are none. */
function figures(unit, service = state.service) {
  if (tierOf() === null) return ownFigures(unit, service);
  return tierOf(service) === null ? null : tierFigures(unit, service);
}

/** Within the limit of the service itself, against the target. */
function ownFigures(unit, service) {
  const found = (data.series[service] || {})[state.denominator];
  const row = found && found.rows[unit];
  if (!row) return null;
  const [share, higher, straight, marks, shareClass] = row;
  return {
    ...amounts(unit, service, share, higher === null ? share : higher),
    share_class: shareClass,
    straight_line_share: straight,
    target: marks & HAS_TARGET ? found.target : null,
    hatched: Boolean(marks & HATCHED),
    meets_target: marks & BELOW ? false : marks & ABOVE ? true : null,
  };
}

const TIER_BREAKS = [0.2, 0.4, 0.6, 0.8];

/** Between the classes of what is picked: about the target, in fifths where there is none. */
const breaks = () => (tierOf() === null ? data.breaks : TIER_BREAKS);

/** Within the picked circle, which has no target. */
function tierFigures(unit, service) {
  const row = data.tiers.series[service][state.denominator][state.tier][unit];
  const [share, higher, straight] = row.map((value) => (value === null ? null : value / 1e6));
  const upper = higher === null ? share : higher;
  const classOf = (value) => TIER_BREAKS.filter((edge) => edge <= value).length;
  return {
    ...amounts(unit, service, share, upper),
    share_class: share === null ? null : classOf(share),
    straight_line_share: straight,
    target: null,
    hatched: share !== null && classOf(upper) > classOf(share),
    meets_target: null,
  };
}

function amounts(unit, service, share, upper) {
  const [total, unattached] = data.totals[state.denominator][unit];
  const counted = pick(service).rule !== "mean" && total !== null;
  const covered = counted ? share * total : null;
  const unknown = counted ? (upper - share) * total : 0;
  return { share, total, unattached, share_upper: upper, covered, unknown };
}

/** A share with one decimal; below the target it is rounded down, so that it never reaches it. */
function percent(share, row) {
  if (share === null) return "–";
  let tenths = Math.round(share * 1000);
  const under = row.meets_target === false || (row.target !== null && share < row.target);
  if (row.target !== null && row.meets_target !== true && under) {
    const underTarget = Math.ceil(row.target * 1000 - 1e-9) - 1;
    tenths = Math.min(Math.floor(share * 1000 + 1e-9), underTarget);
  }
  return (tenths / 10).toFixed(1) + " %";
}

/** The share, or the lower and the upper one where they differ. */
function bounds(row) {
  const [lower, upper] = [percent(row.share, row), percent(row.share_upper, row)];
  return upper === lower || row.share_upper === null ? lower : lower.replace(" %", " – ") + upper;
}

function points(difference) {
  const tenths = Math.round(difference * 1000);
  const sign = tenths > 0 ? "+" : tenths < 0 ? "−" : "±";
  return say("points", { n: sign + (Math.abs(tenths) / 10).toFixed(1) });
}

/** A number with at most `decimals` of them, as 15 rather than 14.999999999999998. */
function plainNumber(value, decimals) {
  return value.toLocaleString("en-US", { maximumFractionDigits: decimals });
}

/** An amount of a denominator, such as "2.4 万人" or "24,310 residents". */
function amount(value, of = state.denominator) {
  const n = plainNumber(value, value < 10 ? 1 : 0);
  const inChinese = value >= 1e4 ? (value / 1e4).toFixed(1) + " 万" : n + " ";
  const key = "amount_" + of;
  return say(key in data.texts ? key : "amount", { n: state.language === "en" ? n : inChinese });
}

/** The demand of a unit that is surely not covered; null where it is not counted. */
function missed(row) {
  return row === null || row.covered === null || !row.total ? null : row.total * (1 - row.share_upper);
}

function verdict(row, isWhole) {
  if (row.share === null) return say(row.total === 0 ? "no_demand" : "no_figures");
  if (row.target === null) return say(tierOf() === null ? "no_target" : "tier_no_target");
  if (row.meets_target === null) return say("not_known");
  return say((isWhole ? "city_" : "unit_") + (row.meets_target ? "above" : "below"));
}

/** The verdict as one sign, for lists. */
function verdictSign(row) {
  if (row.target === null || row.share === null) return "";
  return row.meets_target === null ? " ?" : row.meets_target ? " ✓" : " ✗";
}

function limitInWords(limit) {
  if (limit.limit_m === null) return say("limit_of_each");
  const min = limit.limit_min === null ? "" : plainNumber(limit.limit_min, 1);
  const minutes = min && say("limit_minutes", { min });
  const origin = limit.limit_source ? say("limit_origin", { origin: limit.limit_source }) : "";
  return say("limit_metres", { m: plainNumber(limit.limit_m, 0) }) + minutes + origin;
}

/** A circle in words: its minutes, what they rest on, and its metres. */
function tierInWords([metres, minutes], key = "tier") {
  const pace = series().profile === "standard" ? "" : "_time";
  return say(key + pace, { min: plainNumber(minutes, 1), m: plainNumber(metres, 0) });
}

function ruleInWords() {
  const picked = pick();
  const members = joined(picked.members.map((id) => inWords(pick(id).label)));
  const rule = say("rule_" + picked.rule, { members });
  return picked.remark ? rule + say("remark", { remark: inWords(picked.remark) }) : rule;
}

/** Texts side by side in `line`, each apart, so that one cannot turn the direction of the next. */
function fillLine(line, texts, separator) {
  const parts = texts.map((text) => element("span", "name", text));
  line.replaceChildren(...parts.flatMap((part, index) => (index ? [separator, part] : [part])));
  return line;
}

const denominatorLabel = () =>
  inWords(data.denominators.find((item) => item.id === state.denominator).label);

const limitsInWords = () =>
  tierOf() === null
    ? series().limits.map(limitInWords).join(say("or"))
    : tierInWords(circles()[state.tier]);

/** The line without which no figure may stand: denominator, profile, limit, rule. */
function fillDefinition(line) {
  const { profile } = series();
  const profileKey = "profile_" + profile;
  const texts = [
    say("define_denominator", { text: denominatorLabel() }),
    say("define_profile", { text: profileKey in data.texts ? say(profileKey) : profile }),
    say("define_limit", { text: limitsInWords() }),
    say("define_rule", { text: ruleInWords() }),
  ];
  return fillLine(line, texts, " · ");
}
