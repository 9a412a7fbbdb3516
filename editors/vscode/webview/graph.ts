// The graph view: draws the jobs of a pipeline, what becomes of them, and what
// can be done with them.

import type { GraphAction, GraphNode, GraphState } from "../src/graphmessages";
import { type Box, drawEdges, layOut } from "./layout";
import { Keys } from "./keys";
import { element, icons } from "./elements";

interface Host {
  postMessage(action: GraphAction): void;
  setState(state: unknown): void;
}
declare function acquireVsCodeApi(): Host;

const host = acquireVsCodeApi();
const uri = decodeURI(document.body.dataset["uri"] ?? "");
host.setState({ uri });

const toolbar = element("div", { class: "toolbar", role: "toolbar", "aria-label": "Run" });
const runAll = button("Run all jobs", icons.runAll, "Run All", { kind: "runAll" });
const cancel = button("Cancel what runs", icons.stop, "Cancel", { kind: "cancel" });
const hint = element("span", { class: "hint" }, "arrows move · Enter opens · R runs · L shows the log");
const said = element("div", { class: "said", "aria-live": "polite" });
const canvas = element("div", { class: "canvas", role: "group", "aria-label": "Jobs" });
const empty = element("p", { class: "empty" }, "This pipeline registers no jobs.");
toolbar.append(runAll, cancel, hint);
const scroll = element("div", { class: "scroll" }, canvas, empty);
document.body.append(toolbar, said, scroll);
new ResizeObserver(fit).observe(scroll);

const keys = new Keys(canvas, (action) => {
  host.postMessage(action);
});
let boxes = new Map<string, { box: Box; node: GraphNode; open: HTMLButtonElement; root: HTMLElement }>();
let drawn = "";
/** Of the drawing as it was laid out, in pixels. */
let width = 0;
/** What is smaller than this nobody can read. */
const smallest = 0.75;

window.addEventListener("message", (event: MessageEvent<GraphState>) => {
  show(event.data);
});
setInterval(tick, 500);
host.postMessage({ kind: "ready" });

function show(state: GraphState): void {
  empty.hidden = state.nodes.length > 0;
  runAll.hidden = state.running;
  runAll.disabled = !state.trusted || state.nodes.length === 0;
  cancel.hidden = !state.running;
  document.body.classList.toggle("untrusted", !state.trusted);
  // What is where depends on names and edges alone, so that nothing moves
  // while jobs run.
  const shape = JSON.stringify([state.nodes.map(({ name, kind }) => [name, kind]), state.edges]);
  if (shape !== drawn) {
    drawn = shape;
    draw(state);
  }
  for (const node of state.nodes) {
    update(node);
  }
}

function draw(state: GraphState): void {
  const focused = keys.current;
  const layout = layOut(state.nodes, state.edges);
  canvas.replaceChildren(drawEdges(layout, state.edges));
  width = layout.width;
  canvas.style.width = `${String(width)}px`;
  canvas.style.height = `${String(layout.height)}px`;
  fit();
  boxes = new Map();
  for (const node of state.nodes) {
    const box = layout.boxes.get(node.name);
    if (box) {
      boxes.set(node.name, { box, node, ...newBox(node, box) });
    }
  }
  keys.follow(new Map([...boxes].map(([name, { box, open }]) => [name, { box, open }])), state.edges, focused);
}

/** Makes a drawing smaller that is a little too wide; one much too wide scrolls. */
function fit(): void {
  canvas.style.zoom = String(Math.min(1, Math.max(smallest, scroll.clientWidth / Math.max(width, 1))));
}

function newBox(node: GraphNode, box: Box): { open: HTMLButtonElement; root: HTMLElement } {
  const open = element("button", { class: "open", "data-name": node.name, tabindex: "-1" });
  open.append(
    element("span", { class: "sign", "aria-hidden": "true" }),
    element("span", { class: "name" }, node.name),
    element("span", { class: "note" }),
  );
  const root = element("div", { class: `box ${node.kind}` }, open);
  root.style.left = `${String(box.x)}px`;
  root.style.top = `${String(box.y)}px`;
  root.style.width = `${String(box.width)}px`;
  root.style.height = `${String(box.height)}px`;
  if (node.kind === "job") {
    open.addEventListener("click", () => {
      host.postMessage({ kind: "open", job: node.name });
    });
    const run = button(`Run ${node.name} with what it needs`, icons.run, "", { kind: "run", job: node.name, only: false });
    run.classList.add("run");
    root.append(run);
  }
  canvas.append(root);
  return { open, root };
}

/** Shows what becomes of a job. */
function update(node: GraphNode): void {
  const shown = boxes.get(node.name);
  if (!shown) {
    return;
  }
  const was = shown.node.state;
  shown.node = node;
  const { root, open } = shown;
  root.className = ["box", node.kind, node.state ?? "", node.severity ?? "", node.edited ? "edited" : ""].filter(Boolean).join(" ");
  const note = noteOf(node);
  setText(open, ".note", note);
  open.title = [node.name, note, ...node.faults].filter(Boolean).join("\n");
  open.setAttribute("aria-label", [node.name, node.kind === "job" ? "" : node.kind, note, ...node.faults].filter(Boolean).join(", "));
  if (was !== node.state && node.state && node.state !== "queued") {
    said.textContent = `${node.name}: ${node.state}`;
  }
}

function noteOf(node: GraphNode): string {
  const note = node.note.replace(/^[✓✗–] /, "");
  if (node.state === "running" && node.since !== undefined) {
    return `running ${String(Math.max(0, Math.floor((Date.now() - node.since) / 1000)))} s`;
  }
  return note || (node.faults[0] ?? "");
}

/** Counts the seconds of what runs. */
function tick(): void {
  for (const { node, open } of boxes.values()) {
    if (node.state === "running") {
      setText(open, ".note", noteOf(node));
    }
  }
}

function setText(within: Element, selector: string, text: string): void {
  const at = within.querySelector(selector);
  if (at && at.textContent !== text) {
    at.textContent = text;
  }
}

function button(title: string, icon: string, label: string, action: GraphAction): HTMLButtonElement {
  const made = element("button", { class: "action", title, "aria-label": title });
  made.innerHTML = icon;
  made.append(label);
  made.addEventListener("click", () => {
    host.postMessage(action);
  });
  return made;
}
