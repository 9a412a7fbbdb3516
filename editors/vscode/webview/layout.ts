// Where the boxes and the edges of the graph are.

import { Graph, layout } from "@dagrejs/dagre";
import type { GraphNode } from "../src/graphmessages";
import type { PipelineEdge } from "../src/protocol";

/** A box by its upper left corner, in pixels. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

interface Point {
  x: number;
  y: number;
}

export interface Layout {
  boxes: Map<string, Box>;
  /** The points of each edge, in the order of the edges. */
  edges: Point[][];
  width: number;
  height: number;
}

const narrowest = 124;
const widest = 280;
const margin = 16;
/** Beyond so many jobs the best order costs more time than anyone waits. */
const many = 300;

export function layOut(nodes: GraphNode[], edges: PipelineEdge[]): Layout {
  const graph = new Graph({ multigraph: true });
  graph.setGraph({
    rankdir: "LR",
    nodesep: 18,
    ranksep: 32,
    marginx: margin,
    marginy: margin,
    ranker: nodes.length > many ? "longest-path" : "network-simplex",
  });
  const measure = measurer();
  for (const node of nodes) {
    const text = Math.ceil(measure(node.name));
    graph.setNode(
      node.name,
      node.kind === "source"
        ? { width: Math.min(widest, text + 28), height: 30 }
        : { width: Math.min(widest, Math.max(narrowest, text + 66)), height: 48 },
    );
  }
  edges.forEach(({ from, to, back }, i) => {
    // One that closes a cycle is drawn against the others.
    graph.setEdge(back ? to : from, back ? from : to, {}, String(i));
  });
  layout(graph);
  const boxes = new Map<string, Box>();
  for (const { name } of nodes) {
    const { x, y, width, height } = graph.node(name) as Box;
    boxes.set(name, { x: x - width / 2, y: y - height / 2, width, height });
  }
  const whole = graph.graph() as { width?: number; height?: number };
  return {
    boxes,
    edges: edges.map(({ from, to, back }, i) => {
      const [left, right] = back ? [to, from] : [from, to];
      const { points } = graph.edge(left, right, String(i)) as { points: Point[] };
      const ends = between(points, boxes.get(left), boxes.get(right));
      return back ? ends.reverse() : ends;
    }),
    width: whole.width ?? 0,
    height: whole.height ?? 0,
  };
}

/** Returns points that lead from the middle of the right side of a box to that of the left side of another. */
function between(points: Point[], left: Box | undefined, right: Box | undefined): Point[] {
  if (!left || !right || left === right) {
    return points;
  }
  return [
    { x: left.x + left.width, y: left.y + left.height / 2 },
    ...points.slice(1, -1),
    { x: right.x, y: right.y + right.height / 2 },
  ];
}

/** Returns what measures a text in the font of the boxes. */
function measurer(): (text: string) => number {
  const context = document.createElement("canvas").getContext("2d");
  if (context) {
    const style = getComputedStyle(document.body);
    context.font = `600 ${style.fontSize} ${style.fontFamily}`;
  }
  return (text) => context?.measureText(text).width ?? text.length * 8;
}

const svg = "http://www.w3.org/2000/svg";

/** Returns a picture of the edges, with the names of their ends. */
export function drawEdges(layout: Layout, edges: PipelineEdge[]): SVGSVGElement {
  const picture = document.createElementNS(svg, "svg");
  picture.setAttribute("class", "edges");
  picture.setAttribute("aria-hidden", "true");
  picture.setAttribute("width", String(layout.width));
  picture.setAttribute("height", String(layout.height));
  edges.forEach((edge, i) => {
    const points = layout.edges[i] ?? [];
    const group = document.createElementNS(svg, "g");
    group.setAttribute("class", edge.back ? "edge back" : "edge");
    group.dataset["from"] = edge.from;
    group.dataset["to"] = edge.to;
    const line = document.createElementNS(svg, "path");
    line.setAttribute("class", "line");
    line.setAttribute("d", curve(points));
    const head = document.createElementNS(svg, "path");
    head.setAttribute("class", "head");
    head.setAttribute("d", arrow(points, edge.back === true));
    group.append(line, head);
    picture.append(group);
  });
  return picture;
}

/** Leads through points, level at each of them. */
function curve(points: Point[]): string {
  let path = "";
  points.forEach(({ x, y }, i) => {
    const before = points[i - 1];
    if (!before) {
      path = `M${String(x)} ${String(y)}`;
      return;
    }
    const middle = (before.x + x) / 2;
    path += `C${String(middle)} ${String(before.y)} ${String(middle)} ${String(y)} ${String(x)} ${String(y)}`;
  });
  return path;
}

function arrow(points: Point[], back: boolean): string {
  const end = points.at(-1);
  const size = back ? -6 : 6;
  return end ? `M${String(end.x)} ${String(end.y)}l${String(-size)} -3.5v7z` : "";
}
