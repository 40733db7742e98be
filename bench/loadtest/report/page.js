// Draws the charts of report.html from results.json, which stands in the page. What can be said without charts is in the page already.
"use strict";
(() => {
  const COLOURS = 6;
  const SHAPES = ["circle", "rect", "triangle", "rectRot"];
  const PARTS = ["instances", "broker", "generator"];

  const data = JSON.parse(document.getElementById("results").textContent);
  const brokers = data.results.map((result, number) => ({
    result, number, name: result.broker, shown: true, colour: `colour-${number % COLOURS + 1}`, shape: SHAPES[number % SHAPES.length],
  }));
  const churn = data.results.some((result) => result.churn);  // connections came and went, and no message was sent
  const logarithmic = document.getElementById("logarithmic");
  let charts = [];
  let colours = {};

  // Numbers, as the table has them: three digits that count.
  const formats = [3, 2, 1, 0].map((digits) => new Intl.NumberFormat("en", {minimumFractionDigits: digits, maximumFractionDigits: digits}));
  function significant(value) {
    const size = Math.abs(value);
    return (size >= 100 ? formats[3] : size >= 10 ? formats[2] : size >= 1 ? formats[1] : formats[0]).format(value);
  }
  const round = (value) => new Intl.NumberFormat("en", {maximumSignificantDigits: 3}).format(value);
  const whole = (value) => formats[3].format(value);
  const milliseconds = (value) => `${significant(value)} ms`;

  const shown = () => brokers.filter((broker) => broker.shown);
  const colour = (broker) => colours[broker.colour];
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
        axis.ticks = inside.filter((value) => inside.length <= 12 || Number.isInteger(Math.log10(value))).map((value) => ({value}));
      },
      ticks: {callback: (value) => round(value)},
    };
  }

  function latencyAxis(values) {
    if (logarithmic.checked && values.some((value) => value > 0)) return logarithmicAxis("milliseconds", values);
    return {type: "linear", title: title("milliseconds"), beginAtZero: true, ticks: {callback: (value) => round(value)}};
  }

  /// What happened in a second stands in its middle.
  function secondsAxis() {
    return {type: "linear", title: title("seconds"), min: 0, max: Math.max(1, ...shown().map(({result}) => result.timeline.length)), ticks: {precision: 0}};
  }

  function line(broker, points, more = {}) {
    return {
      label: broker.name, data: points, borderColor: colour(broker), backgroundColor: colour(broker), pointStyle: broker.shape, borderWidth: 2,
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

  /// HdrHistogram's axis: each nine more is as wide as the one before. The longest of n messages stands at one in n.
  function percentiles() {
    const points = ({latency_ms: latency}) => latency.count === 0 ? [] : [
      ...latency.curve.map(([percent, value]) => ({x: 1 / (1 - percent / 100), y: value})).filter(({x}) => x < latency.count),
      {x: latency.count, y: latency.max},
    ];
    const percent = (x) => `${Number((100 - 100 / x).toPrecision(Math.max(2, Math.floor(Math.log10(x)) + 1)))} %`;
    const datasets = shown().map((broker) => line(broker, points(broker.result)));
    const all = datasets.flatMap((dataset) => dataset.data);
    const end = Math.max(10, ...all.map(({x}) => x));
    const ticks = [1, 2];
    for (let x = 10; x <= end; x *= 10) ticks.push(x);
    draw("percentiles", "Latency by percentile. " + each(shown(), ({latency_ms: latency}) => latency.count === 0 ? "none" :
        `p50 ${milliseconds(latency.p50)}, p99 ${milliseconds(latency.p99)}, longest ${milliseconds(latency.max)}`), {
      type: "line",
      data: {datasets},
      options: {
        scales: {
          x: {
            type: "logarithmic", title: title("percentile"), min: 1, max: end,
            afterBuildTicks: (axis) => { axis.ticks = ticks.filter((x) => x !== 2 || axis.chart.width > 600).map((value) => ({value})); },
            ticks: {callback: percent, autoSkip: false, maxRotation: 0},
          },
          y: latencyAxis(all.map(({y}) => y)),
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
    });
  }

  function longest() {
    // A second in which nothing arrived has no longest.
    const points = (result) => result.timeline.map((second, n) => ({x: n + 0.5, y: second.delivered === 0 ? NaN : second.max}));
    const datasets = shown().map((broker) => line(broker, points(broker.result)));
    overTime("longest", "Longest latency of each second. " + each(shown(), ({timeline}) =>
        `at most ${milliseconds(Math.max(0, ...timeline.map((second) => second.max)))}`),
      datasets, latencyAxis(datasets.flatMap((dataset) => dataset.data.map(({y}) => y)).filter((y) => !Number.isNaN(y))), milliseconds);
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
        `${whole(messages.delivered_per_second)} on average`),
      datasets, {beginAtZero: true, title: title("messages a second"), ticks: {callback: (value) => round(value)}}, whole);
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

  const names = () => shown().map((broker) => broker.name);

  /// Stacked: what each part used. A part that nobody knows has no bar; of those of a broker that is partly known stands what is.
  function parts(id, name, unit, count, value) {
    const known = (result, part) => result.usage[part] !== null;
    const used = PARTS.slice(0, count).filter((part) => brokers.some(({result}) => known(result, part)));
    const datasets = used.map((part) => ({
      label: part,
      data: shown().map(({result}) => known(result, part) ? value(result.usage[part]) : null),
      backgroundColor: shown().map((broker) => fill(broker, PARTS.indexOf(part))),
      borderColor: shown().map(colour),
      borderWidth: 1.5,
    }));
    const sum = (index) => datasets.reduce((total, dataset) => total + (dataset.data[index] ?? 0), 0);
    const says = (result) => used.filter((part) => known(result, part)).map((part) =>
        `${part} ${significant(value(result.usage[part]))} ${unit}`).join(", ") || "not known";
    bars(id, `${name}. ${each(shown(), says)}`, names(), datasets,
      (index, number) => number === datasets.length - 1 && significant(sum(index)));
  }

  function connect() {
    const rate = ({connect}) => connect.per_second;
    const datasets = [{label: "a second", data: shown().map(({result}) => rate(result)), backgroundColor: shown().map(colour)}];
    bars("connect", "Connections registered a second. " + each(shown(), (result) => whole(rate(result))), names(), datasets,
      (index) => whole(datasets[0].data[index]));
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
    const datasets = shown().map((broker) => ({label: broker.name, data: counts(broker.result), backgroundColor: colour(broker)}));
    bars("wrong", "What went wrong with messages. " + each(shown(), says), Object.keys(kinds), datasets, label, false);
    if (fine) box.style.height = "6rem";
  }

  function drawAll() {
    charts.forEach((chart) => chart.destroy());
    charts = [];
    readColours();
    percentiles();
    if (!churn) {
      longest();
      throughput();
      wrong();
      parts("memory", "Memory a user", "KiB", 2, (usage) => usage.bytes_per_user / 1024);
    }
    parts("cpu", `CPU time a ${churn ? "connection" : "message"}`, "microseconds", 3, (usage) => usage.cpu_us_per_message);
    connect();
  }

  function fitToMode() {
    if (!churn) return;
    for (const part of document.querySelectorAll(".of-messages")) part.hidden = true;
    document.querySelector(".piece").textContent = "connection that was registered";
  }

  function offerBrokers() {
    for (const broker of brokers) {
      const label = document.createElement("label");
      const box = Object.assign(document.createElement("input"), {type: "checkbox", checked: true});
      const name = Object.assign(document.createElement("span"), {textContent: broker.name});
      name.className = `mark ${broker.colour} shape-${broker.number % SHAPES.length + 1}`;
      box.addEventListener("change", () => {
        broker.shown = box.checked;
        drawAll();
      });
      label.append(box, name);
      document.getElementById("brokers").append(label);
    }
  }

  /// The arrow keys walk through a chart as a pointer does, and what is there is read out.
  function walk(event) {
    const step = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1}[event.key];
    const chart = Chart.getChart(event.target);
    if (!step || !chart) return;
    event.preventDefault();
    const metas = chart.data.datasets.map((_, number) => chart.getDatasetMeta(number));
    const last = Math.max(...metas.map((meta) => meta.data.length)) - 1;
    chart.at = Math.min(Math.max((chart.at ?? (step > 0 ? -1 : last + 1)) + step, 0), last);
    const stands = ({data}) => chart.at < data.length && !data[chart.at].skip;
    const active = metas.flatMap((meta, datasetIndex) => stands(meta) ? [{datasetIndex, index: chart.at}] : []);
    chart.setActiveElements(active);
    chart.tooltip.setActiveElements(active, {x: 0, y: 0});
    chart.update();
    const lines = chart.tooltip.body?.flatMap((part) => part.lines) ?? [];
    document.getElementById("announcement").textContent = [...chart.tooltip.title ?? [], ...lines].join(", ");
  }

  function offerCopy() {
    const button = document.getElementById("copy");
    const command = document.getElementById("command");
    button.hidden = false;
    button.addEventListener("click", async () => {
      getSelection().selectAllChildren(command);
      try {
        await navigator.clipboard.writeText(command.textContent);
        button.textContent = "Copied";
      } catch {
        button.textContent = "Selected";  // where the browser does not let a page write: the keyboard does
      }
    });
  }

  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  document.getElementById("charts").hidden = false;
  fitToMode();
  offerBrokers();
  offerCopy();
  document.getElementById("charts").addEventListener("keydown", walk);
  logarithmic.addEventListener("change", drawAll);
  for (const query of ["(prefers-color-scheme: dark)", "print"]) matchMedia(query).addEventListener("change", drawAll);
  drawAll();
  document.documentElement.dataset.charts = charts.length;
})();
