// How the keyboard moves in the graph: one box at a time can be tabbed to, and
// arrows go to what it needs, to what needs it, and up and down.

import type { GraphAction } from "../src/graphmessages";
import type { PipelineEdge } from "../src/protocol";
import type { Box } from "./layout";

interface Stop {
  box: Box;
  open: HTMLButtonElement;
}

export class Keys {
  private stops = new Map<string, Stop>();
  private edges: PipelineEdge[] = [];
  /** The name of the box that can be tabbed to. */
  current: string | undefined;

  constructor(
    private readonly canvas: HTMLElement,
    private readonly act: (action: GraphAction) => void,
  ) {
    canvas.addEventListener("keydown", (event) => {
      this.press(event);
    });
    for (const [type, lit] of [["focusin", true], ["mouseover", true], ["focusout", false], ["mouseout", false]] as const) {
      canvas.addEventListener(type, (event) => {
        this.light(event, lit);
      });
    }
  }

  /** Takes the boxes that there are now; the one that was current stays so. */
  follow(stops: Map<string, Stop>, edges: PipelineEdge[], focused: string | undefined): void {
    const had = this.current !== undefined && this.canvas.contains(document.activeElement);
    this.stops = stops;
    this.edges = edges;
    const kept = focused !== undefined && stops.has(focused) ? focused : stops.keys().next().value;
    if (kept !== undefined) {
      this.choose(kept, had);
    }
  }

  private choose(name: string, focus: boolean): void {
    const stop = this.stops.get(name);
    if (!stop) {
      return;
    }
    if (this.current !== undefined) {
      this.stops.get(this.current)?.open.setAttribute("tabindex", "-1");
    }
    this.current = name;
    stop.open.setAttribute("tabindex", "0");
    if (focus) {
      stop.open.focus();
      stop.open.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
  }

  private press(event: KeyboardEvent): void {
    const name = nameOf(event.target);
    const stop = name === undefined ? undefined : this.stops.get(name);
    if (name === undefined || !stop || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const next = this.next(name, stop, event.key);
    const isJob = stop.open.closest(".job") !== null;
    if (next !== undefined) {
      this.choose(next, true);
    } else if (isJob && event.key.toLowerCase() === "r") {
      this.act({ kind: "run", job: name, only: event.shiftKey });
    } else if (isJob && event.key.toLowerCase() === "l") {
      this.act({ kind: "log", job: name });
    } else {
      return;
    }
    event.preventDefault();
  }

  /** Returns where a key leads. */
  private next(name: string, { box }: Stop, key: string): string | undefined {
    const near = (names: string[], beyond: (other: Box) => boolean) =>
      names
        .flatMap((name) => {
          const stop = this.stops.get(name);
          return stop && beyond(stop.box) ? [{ name, away: Math.hypot(stop.box.x - box.x, stop.box.y - box.y) }] : [];
        })
        .sort((a, b) => a.away - b.away)[0]?.name;
    const all = [...this.stops.keys()];
    const inColumn = (other: Box) => other.x < box.x + box.width && other.x + other.width > box.x;
    switch (key) {
      case "ArrowLeft":
        return near(this.edges.filter((e) => e.to === name).map((e) => e.from), (other) => other.x < box.x);
      case "ArrowRight":
        return near(this.edges.filter((e) => e.from === name).map((e) => e.to), (other) => other.x > box.x);
      case "ArrowUp":
        return near(all, (other) => other.y < box.y && inColumn(other));
      case "ArrowDown":
        return near(all, (other) => other.y > box.y && inColumn(other));
      case "Home":
        return all[0];
      case "End":
        return all.at(-1);
      default:
        return undefined;
    }
  }

  /** Lights the edges of the box that is looked at. */
  private light(event: Event, lit: boolean): void {
    const name = nameOf(event.target);
    if (name === undefined) {
      return;
    }
    if (event.type === "focusin") {
      this.choose(name, false);
    }
    for (const edge of this.canvas.querySelectorAll<SVGGElement>(".edge")) {
      if (edge.dataset["from"] === name || edge.dataset["to"] === name) {
        edge.classList.toggle("lit", lit);
      }
    }
  }
}

/** Returns the name of the box that an element is in. */
function nameOf(target: EventTarget | null): string | undefined {
  return target instanceof Element
    ? target.closest(".box")?.querySelector<HTMLElement>(".open")?.dataset["name"]
    : undefined;
}
