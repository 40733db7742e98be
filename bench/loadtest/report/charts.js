// What each chart shows.
"use strict";

/// HdrHistogram's axis: each nine more is as wide as the one before. The longest of n messages stands at one in n.
function percentiles() {
  const points = ({latency_ms: latency}) => latency.count === 0 ? [] : [
    ...latency.curve.map(([percent, value]) => ({x: 1 / (1 - percent / 100), y: value})).filter(({x}) => x < latency.count),
    {x: latency.count, y: latency.max},
  ];
  const percent = (x) => `${Number((100 - 100 / x).toPrecision(Math.max(2, Math.floor(Math.log10(x)) + 1)))} %`;
  const past = {borderDash: [6, 4], pointRadius: 0};
  const datasets = withEarlier().map((broker) => line(broker, points(broker.result), broker.past ? past : {}));
  const all = datasets.flatMap((dataset) => dataset.data);
  const end = Math.max(10, ...all.map(({x}) => x));
  const ticks = [1, 2];
  for (let x = 10; x <= end; x *= 10) ticks.push(x);
  draw("percentiles", "Latency by percentile. " + each(withEarlier(), ({latency_ms: latency}) => latency.count === 0 ? "none" :
      `p50 ${milliseconds(latency.p50)}, p99 ${milliseconds(latency.p99)}, longest ${milliseconds(latency.max)}`), {
    type: "line",
    data: {datasets},
    options: {
      scales: {
        x: {
          type: "logarithmic", title: title("percentile"), min: 1, max: end,
          afterBuildTicks: (axis) => {
            axis.ticks = ticks.filter((x) => x !== 2 || axis.chart.width > 600).map((value) => ({value}));
          },
          ticks: {callback: percent, autoSkip: false, maxRotation: 0},
        },
        y: latencyAxis(heights(datasets)),
      },
      plugins: {tooltip: {callbacks: {
        title: ([item]) => item ? percent(item.parsed.x) : "",
        label: (item) => `${item.dataset.label}: ${milliseconds(item.parsed.y)}`,
      }}},
    },
  });
}

function overTime(id, says, datasets, y, text) {
  draw(id, says, {
    type: "line",
    data: {datasets},
    options: {
      scales: {x: secondsAxis(), y},
      plugins: {tooltip: {callbacks: {
        title: ([item]) => item ? `second ${whole(item.parsed.x + 0.5)}` : "",
        label: (item) => `${item.dataset.label}: ${text(item.parsed.y)}`,
      }}},
    },
  }, [faults]);
}

function longest() {
  // A second in which nothing arrived has no longest.
  const points = (result) => result.timeline.map((second, n) => ({x: n + 0.5, y: second.delivered === 0 ? NaN : second.max}));
  const datasets = shown().map((broker) => line(broker, points(broker.result)));
  overTime("longest", "Longest latency of each second. " + each(shown(), ({timeline}) =>
      `at most ${milliseconds(Math.max(0, ...timeline.map((second) => second.max)))}`),
    datasets, latencyAxis(heights(datasets)), milliseconds);
}

function throughput() {
  const due = ({timeline, devices}) => timeline.map((second, n) => ({x: n + 0.5, y: second.offered * devices}));
  const delivered = ({timeline}) => timeline.map((second, n) => ({x: n + 0.5, y: second.delivered}));
  const dashed = {borderDash: [6, 4], borderWidth: 1.5, pointRadius: 0};
  const key = (broker) => JSON.stringify(due(broker.result).filter(({y}) => y > 0));
  const schedules = shown().filter((broker, number, all) => all.findIndex((other) => key(other) === key(broker)) === number);
  // Brokers that keep up lie on one line: those behind look out from under those before them.
  const datasets = shown().map((broker, n) => line(broker, delivered(broker.result), {borderWidth: 2 + 3 * n}));
  for (const broker of schedules) {
    const alone = schedules.length === 1;
    datasets.push({...line(broker, due(broker.result), dashed), label: alone ? "due" : `${broker.name}, due`,
      ...(alone ? {borderColor: colours.muted, backgroundColor: colours.muted} : {})});
  }
  overTime("throughput", "Messages delivered a second. " + each(shown(), ({messages}) =>
      `${known(messages.delivered_per_second, whole)} on average`),
    datasets, {beginAtZero: true, grace: "5%", title: title("messages a second"), ticks: {callback: (value) => round(value)}},
    whole);
}

/// Of saturation: each rate that was tried.
function steps() {
  const tried = ({steps}) => [...steps].sort((one, other) => one.rate - other.rate);
  const held = ({saturation}) => saturation ? saturation.rate : 0;
  const points = (result) => tried(result).map(({rate, p99_ms: y}) => ({x: rate, y: y > 0 ? y : NaN}));
  const datasets = shown().map((broker) => line(broker, points(broker.result), {
    pointRadius: 6,
    pointBackgroundColor: tried(broker.result).map((step) => step.held ? colour(broker) : colours.surface),
  }));
  draw("steps", "Longest of 99 % by rate. " + each(shown(), (result) => `${whole(held(result))} a second held`), {
    type: "line",
    data: {datasets},
    options: {
      scales: {
        x: {type: "linear", title: title("messages a second"), ticks: {callback: (value) => round(value)}},
        y: latencyAxis(heights(datasets)),
      },
      plugins: {tooltip: {callbacks: {
        title: ([item]) => item ? `${whole(item.parsed.x)} a second` : "",
        label: (item) => {
          const step = tried(shown()[item.datasetIndex].result)[item.dataIndex];
          return `${item.dataset.label}: ${known(step.p99_ms, milliseconds)}, ${step.held ? "held" : step.limit}`;
        },
      }}},
    },
  });
}

/// `text(index, number)`: what stands behind the bar of dataset `number`, if anything.
function bars(id, says, labels, datasets, text, stacked = true) {
  const rows = stacked ? labels.length : labels.length * (datasets.length * 0.4 + 0.4);
  document.getElementById(id).parentElement.style.height = `${3 + rows * 2.75}rem`;
  draw(id, says, {
    type: "bar",
    data: {labels, datasets},
    options: {
      indexAxis: "y",
      layout: {padding: {right: 56}},
      scales: {
        x: {stacked, beginAtZero: true, ticks: {callback: (value) => round(value), maxRotation: 0}},
        y: {stacked, grid: {display: false}, ticks: {color: colours.text, autoSkip: false}},
      },
      plugins: {tooltip: {callbacks: {label: (item) => `${item.dataset.label}: ${significant(item.parsed.x)}`}}},
    },
  }, [barValues(text)]);
}

const names = () => withEarlier().map((broker) => broker.name);

/// Stacked: what each part used. A part that nobody knows has no bar; of those of a broker that is partly known stands what is.
function parts(id, name, unit, count, value) {
  const amount = (result, part) => result.usage[part] === null ? null : value(result.usage[part]);
  const used = PARTS.slice(0, count).filter((part) => brokers.some(({result}) => amount(result, part) !== null));
  const datasets = used.map((part) => ({
    label: part,
    data: withEarlier().map(({result}) => amount(result, part)),
    backgroundColor: withEarlier().map((broker) => fill(broker, PARTS.indexOf(part))),
    borderColor: withEarlier().map(colour),
    borderWidth: 1.5,
  }));
  const sum = (index) => datasets.reduce((total, dataset) => total + (dataset.data[index] ?? 0), 0);
  const says = (result) => used.filter((part) => amount(result, part) !== null).map((part) =>
      `${part} ${significant(amount(result, part))} ${unit}`).join(", ") || "not known";
  bars(id, `${name}. ${each(withEarlier(), says)}`, names(), datasets,
    (index, number) => number === datasets.length - 1 && significant(sum(index)));
}

function connect() {
  const rate = ({connect}) => connect.per_second;
  const rates = withEarlier().map(({result}) => rate(result));
  const datasets = [{label: "a second", data: rates, backgroundColor: withEarlier().map(colour)}];
  bars("connect", "Connections registered a second. " + each(withEarlier(), (result) => known(rate(result), whole)), names(), datasets,
    (index) => known(rates[index], whole));
}

function wrong() {
  const kinds = {
    "lost": (messages) => messages.lost,
    "duplicates": (messages) => messages.duplicates,
    "reordered": (messages) => messages.reordered,
    "not taken": (messages) => messages.refused + messages.not_connected + messages.unsent,
    "outcome unknown": (messages) => messages.unknown,
  };
  const counts = ({messages}) => Object.values(kinds).map((count) => count(messages));
  const says = (result) => {
    const some = Object.keys(kinds).filter((_, number) => counts(result)[number] > 0);
    return some.map((kind) => `${whole(kinds[kind](result.messages))} ${kind}`).join(", ") || "nothing";
  };
  const label = (index, number) => {
    const count = counts(shown()[number].result)[index];
    return count > 0 && whole(count);
  };
  const fine = shown().every(({result}) => says(result) === "nothing");
  const box = document.getElementById("wrong").parentElement;
  box.classList.toggle("empty", fine);
  box.dataset.text = "Nothing was lost, doubled, reordered or refused.";
  const datasets = shown().map((broker) => (
    {label: broker.name, data: counts(broker.result), backgroundColor: colour(broker)}));
  bars("wrong", "What went wrong with messages. " + each(shown(), says), Object.keys(kinds), datasets, label, false);
  if (fine) box.style.height = "6rem";
}

function drawAll() {
  charts.forEach((chart) => chart.destroy());
  charts = [];
  readColours();
  if (saturated) steps();
  percentiles();
  if (!churn) {
    longest();
    throughput();
    wrong();
    parts("memory", "Memory a connection", "KiB", 2, ({bytes_per_connection: bytes}) => bytes === null ? null : bytes / 1024);
  }
  parts("cpu", `CPU time a ${churn ? "connection" : "message"}`, "microseconds", 3, (usage) => usage.cpu_us_per_message);
  connect();
}
