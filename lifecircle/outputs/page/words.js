// What the page knows, what the reader has picked, and how both are put into words.
// Names from files reach the page only through textContent and title attributes.

const data = JSON.parse(document.getElementById("data").textContent);
const state = {
  language: data.language,
  service: data.picks.find((item) => item.has_rows).id,
  denominator: "",
  selected: null,
  sort: "share",
  ascending: true,
};

const at = (id) => document.getElementById(id);

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

/** A sentence of the page in the picked language, with `values` in its places. */
function say(key, values = {}) {
  const places = (whole, name) => (name in values ? values[name] : whole);
  return data.texts[key][state.language].replace(/\{(\w+)\}/g, places);
}

const inWords = (text) => text[state.language];
const joined = (texts) => texts.join(say("comma"));

const pick = (id = state.service) => data.picks.find((item) => item.id === id);
const series = () => data.series[state.service][state.denominator];

/** The figures of a unit for what is picked, by column name; null where there are none. */
function figures(unit, service = state.service) {
  const found = (data.series[service] || {})[state.denominator];
  const row = found && found.rows[unit];
  return row ? Object.fromEntries(data.columns.map((name, i) => [name, row[i]])) : null;
}

/** A share with one decimal; below the target it is rounded down, so that it never reaches it. */
function percent(share, row) {
  if (share === null) return "–";
  let tenths = Math.round(share * 1000);
  if (row.target !== null && row.meets_target !== true && share < row.target) {
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
  const sign = difference > 0 ? "+" : difference < 0 ? "−" : "±";
  return say("points", { n: sign + (Math.abs(difference) * 100).toFixed(1) });
}

/** An amount of the picked denominator, such as "2.4 万人" or "24,310 residents". */
function amount(value) {
  const n = Math.round(value).toLocaleString("en-US");
  if (state.language === "en") return say("amount_" + state.denominator, { n });
  const inChinese = value >= 1e4 ? (value / 1e4).toFixed(1) + " 万" : n + " ";
  return say("amount_" + state.denominator, { n: inChinese });
}

function verdict(row, isCity) {
  if (row.share === null) return say(row.total === 0 ? "no_demand" : "no_figures");
  if (row.target === null) return say("no_target");
  if (row.meets_target === null) return say("not_known");
  return say((isCity ? "city_" : "unit_") + (row.meets_target ? "above" : "below"));
}

function limitInWords(limit) {
  if (limit.limit_m === null) return say("limit_of_each");
  const minutes = limit.limit_min === null ? "" : say("limit_minutes", { min: limit.limit_min });
  const origin = limit.limit_source ? say("limit_origin", { origin: limit.limit_source }) : "";
  return say("limit_metres", { m: limit.limit_m }) + minutes + origin;
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

/** The line without which no figure may stand: denominator, profile, limit, rule. */
function fillDefinition(line) {
  const { profile, limits } = series();
  const denominator = data.denominators.find((item) => item.id === state.denominator);
  const texts = [
    say("define_denominator", { text: inWords(denominator.label) }),
    say("define_profile", { text: say("profile_" + profile) }),
    say("define_limit", { text: limits.map(limitInWords).join(say("or")) }),
    say("define_rule", { text: ruleInWords() }),
  ];
  return fillLine(line, texts, " · ");
}
