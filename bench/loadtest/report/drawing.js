// How charts are drawn: the results, their numbers, colours, axes and bars.
"use strict";

const COLOURS = 6;
const SHAPES = ["circle", "rect", "triangle", "rectRot"];
const PARTS = ["instances", "broker", "generator"];

const data = JSON.parse(document.getElementById("results").textContent);
const earlier = JSON.parse(document.getElementById("earlier").textContent);
const before = (name) => earlier?.results.find((result) => (
  result.broker === name && result.latency_ms && result.usage && result.connect));
const brokers = data.results.map((result, number) => ({
  result, number, name: result.broker, before: before(result.broker), shown: true,
  colour: `colour-${number % COLOURS + 1}`, shape: SHAPES[number % SHAPES.length],
}));
const churn = data.results.some((result) => result.churn);  // connections came and went, and no message was sent
const saturated = data.results.some((result) => result.steps.length > 0);
const struck = data.results.some((result) => result.recoveries.length > 0);
const logarithmic = document.getElementById("logarithmic");
let charts = [];
let colours = {};

// Numbers, as the table has them: three digits that count.
const formats = [3, 2, 1, 0].map((digits) => (
  new Intl.NumberFormat("en", {minimumFractionDigits: digits, maximumFractionDigits: digits})));
function significant(value) {
  const size = Math.abs(value);
  return (size >= 100 ? formats[3] : size >= 10 ? formats[2] : size >= 1 ? formats[1] : formats[0]).format(value);
}
const round = (value) => new Intl.NumberFormat("en", {maximumSignificantDigits: 3}).format(value);
const whole = (value) => formats[3].format(value);
const milliseconds = (value) => `${significant(value)} ms`;
/// What was not measured is null.
const known = (value, text) => value === null ? "not known" : text(value);

const shown = () => brokers.filter((broker) => broker.shown);
/// Each broker that is shown, and behind it the same of the run that this one is compared with.
const withEarlier = () => shown().flatMap((broker) => broker.before ?
    [broker, {...broker, name: `${broker.name}, then`, result: broker.before, past: true}] : [broker]);
const colour = (broker) => colours[broker.colour] + (broker.past ? "99" : "");
const each = (list, sentence) => list.map((broker) => `${broker.name}: ${sentence(broker.result)}.`).join(" ");

function readColours() {
  const style = getComputedStyle(document.documentElement);
  const names = ["text", "muted", "grid", "line", "surface", ...Array.from({length: COLOURS}, (_, n) => `colour-${n + 1}`)];
  colours = Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  Chart.defaults.color = colours.muted;
  Chart.defaults.borderColor = colours.grid;
}

/// The three parts of one broker's bar: full, hatched, outlined.
function fill(broker, part) {
  if (part === 0) return colour(broker);
  if (part === 2) return "transparent";
  const tile = document.createElement("canvas");
  tile.width = tile.height = 6;
  const pen = tile.getContext("2d");
  pen.strokeStyle = colour(broker);
  pen.lineWidth = 2;
  for (const x of [-6, 0, 6]) {
    pen.beginPath();
    pen.moveTo(x, 0);
    pen.lineTo(x + 6, 6);
    pen.stroke();
  }
  return pen.createPattern(tile, "repeat");
}

/// Writes each bar's value, or the sum of a stack, behind its end: a phone has no pointer to ask with.
const barValues = (text) => ({
  id: "barValues",
  afterDatasetsDraw(chart) {
    const pen = chart.ctx;
    const metas = chart.data.datasets.map((_, number) => chart.getDatasetMeta(number).data);
    pen.save();
    pen.fillStyle = colours.text;
    pen.font = `600 12px ${Chart.defaults.font.family}`;
    pen.textBaseline = "middle";
    metas.forEach((bars, number) => bars.forEach((bar, index) => {
      const end = chart.options.scales.x.stacked ? Math.max(...metas.map((others) => others[index].x)) : bar.x;
      pen.fillText(text(index, number) || "", end + 6, bar.y);
    }));
    pen.restore();
  },
});

/// Shades the time from each fault until all was well again.
const faults = {
  id: "faults",
  beforeDatasetsDraw(chart) {
    const {ctx: pen, chartArea: {top, height, right}, scales: {x}} = chart;
    pen.save();
    for (const broker of shown()) {
      for (const fault of broker.result.recoveries) {
        const begin = x.getPixelForValue(fault.at_ms / 1000);
        const end = x.getPixelForValue((fault.at_ms + Math.max(fault.over_ms, fault.ready_ms)) / 1000);
        pen.fillStyle = colour(broker) + "2e";
        pen.fillRect(begin, top, Math.max(Math.min(end, right) - begin, 2), height);
      }
    }
    pen.restore();
  },
};

const title = (text) => ({display: true, text});

/// 1, 2 and 5 of each power of ten, or the powers alone where that is too many.
function logarithmicAxis(text, values) {
  const known = values.filter((value) => value > 0);
  const low = Math.min(...known), high = Math.max(...known);
  const steps = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); ++power) {
    for (const digit of [1, 2, 5]) steps.push(Number(`${digit}e${power}`));
  }
  const below = steps.filter((step) => step <= low).pop(), above = steps.find((step) => step >= high);
  return {
    type: "logarithmic", title: title(text), min: below, max: above,
    afterBuildTicks: (axis) => {
      const inside = steps.filter((value) => value >= below && value <= above);
      const kept = inside.filter((value) => inside.length <= 12 || Number.isInteger(Math.log10(value)));
      axis.ticks = kept.map((value) => ({value}));
    },
    ticks: {callback: (value) => round(value)},
  };
}

/// Of all points there are. A point at NaN is none.
const heights = (datasets) => datasets.flatMap(({data}) => data.map(({y}) => y)).filter((y) => !Number.isNaN(y));

function latencyAxis(values) {
  if (logarithmic.checked && values.some((value) => value > 0)) return logarithmicAxis("milliseconds", values);
  return {type: "linear", title: title("milliseconds"), beginAtZero: true, ticks: {callback: (value) => round(value)}};
}

/// What happened in a second stands in its middle.
function secondsAxis() {
  const end = Math.max(1, ...shown().map(({result}) => result.timeline.length));
  return {type: "linear", title: title("seconds"), min: 0, max: end, ticks: {precision: 0}};
}

function line(broker, points, more = {}) {
  return {
    label: broker.name, data: points, borderColor: colour(broker), backgroundColor: colour(broker), borderWidth: 2,
    pointStyle: broker.shape,
    pointRadius: points.length > 90 ? 0 : 3, pointHoverRadius: 6, clip: 6, parsing: false, normalized: true, ...more,
  };
}

function draw(id, says, config, plugins = []) {
  const canvas = document.getElementById(id);
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", says);
  const options = config.options ?? {};
  charts.push(new Chart(canvas, {
    ...config,
    plugins,
    options: {
      animation: false, maintainAspectRatio: false,
      interaction: {mode: config.type === "line" ? "nearest" : "index", axis: options.indexAxis ?? "x", intersect: false},
      ...options,
      plugins: {legend: {display: false}, decimation: {enabled: true, algorithm: "min-max"}, ...options.plugins},
    },
  }));
}
