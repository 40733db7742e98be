// What can be chosen in the page, and when its charts are drawn. What can be said without charts is in the page already.
"use strict";

function fitToMode() {
  const show = (kind, yes) => document.querySelectorAll(kind).forEach((part) => { part.hidden = !yes; });
  show(".of-messages", !churn);
  show(".of-steps", saturated);
  show(".of-faults", struck);
  show(".of-comparison", brokers.some((broker) => broker.before));
  if (churn) document.querySelector(".piece").textContent = "connection that was registered";
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
