/**
 * Talk with the page around a frame, by messages.
 *
 * The page sends `{graphlume: 1, id, command, …}` and gets `{graphlume: 1, id, ok, result | error}`; without being
 * asked it gets `{graphlume: 1, event, …}`. docs/viewer.md has the list.
 */

import { readView } from "./core/state";
import type { Encodings, Settings } from "./core/types";
import type { App } from "./ui/app";
import { png } from "./ui/export";
import { toSvg } from "./render/svg";

type Message = { graphlume: 1; id?: unknown; command: string; [other: string]: unknown };

/** Answers the page that holds this frame, and tells it what happens. Returns what ends that. */
export function listen(app: App): () => void {
  const { viewer } = app;
  const tell = (message: Record<string, unknown>): void => parent.postMessage({ graphlume: 1, ...message }, "*");
  const numbers = (value: unknown, what: "node" | "edge" = "node"): Uint32Array => {
    if (value === undefined) return new Uint32Array(0);
    if (!Array.isArray(value)) throw new Error(`${what}s should be a list of numbers`);
    const n = (what === "node" ? viewer.scene?.n_nodes : viewer.scene?.n_edges) ?? 0;
    const wrong = value.find((u) => !(Number.isInteger(u) && u >= 0 && u < n));
    if (wrong !== undefined) throw new Error(`there is no ${what} ${JSON.stringify(wrong)}: there are ${n}, counted from 0`);
    return Uint32Array.from(value as number[]);
  };
  /** Makes a change, and takes it back if something is wrong with it. */
  const change = async (to: Parameters<typeof viewer.update>[0]): Promise<void> => {
    viewer.update(to);
    const { state } = viewer;
    const wrong = await viewer.applied;
    if (wrong.length === 0) return;
    if (viewer.state === state) viewer.undo();
    throw new Error(wrong.join("; "));
  };
  const commands: Record<string, (m: Message) => unknown> = {
    set: (m) => viewer.set(object(m.settings) as Settings),
    encode: (m) => change({ encodings: { ...viewer.state.encodings, ...(object(m.encodings) as Encodings) } }),
    filter: (m) => change({ filters: readView({ version: 1, filters: m.filters })?.filters ?? [] }),
    select: (m) => viewer.select(numbers(m.nodes), numbers(m.edges, "edge")),
    point: (m) => viewer.point(m.node === undefined || m.node === null ? {} : { node: numbers([m.node])[0]! }),
    zoom: (m) => viewer.view.zoomTo(numbers(m.nodes)),
    fit: () => viewer.view.fit(),
    play: () => viewer.stream?.send({ type: "play" }),
    pause: () => viewer.stream?.send({ type: "pause" }),
    option: (m) => viewer.setOption(String(m.name), m.value),
    undo: () => viewer.undo(),
    redo: () => viewer.redo(),
    view: () => viewer.saved(),
    restore: (m) => {
      const view = readView(m.view);
      if (!view) throw new Error("this is no saved view");
      viewer.restore(view);
    },
    png: async (m) => png(viewer, typeof m.scale === "number" ? Math.min(8, Math.max(0.1, m.scale)) : 1),
    svg: () => toSvg(viewer.view),
    describe: () => ({ dataset: viewer.dataset, settings: viewer.settings, state: viewer.stream?.state ?? null, selection: Array.from(viewer.state.selection), edges: Array.from(viewer.state.edges) }),
  };
  const onMessage = (event: MessageEvent): void => {
    const message = event.data as Message | null;
    // Only the page that made this frame has a say.
    if (event.source !== parent || typeof message !== "object" || message?.graphlume !== 1 || typeof message.command !== "string") return;
    const command = Object.hasOwn(commands, message.command) ? commands[message.command] : undefined;
    void (async () => {
      try {
        if (!command) throw new Error(`there is no command ${message.command}; there are ${Object.keys(commands).join(", ")}`);
        const result = await command(message);
        tell({ id: message.id, ok: true, ...(result === undefined ? {} : { result }) });
      } catch (error) {
        tell({ id: message.id, ok: false, error: (error as Error).message });
      }
    })();
  };
  addEventListener("message", onMessage);
  const off = [
    viewer.on("open", () => tell({ event: "ready", n_nodes: viewer.scene!.n_nodes, n_edges: viewer.scene!.n_edges })),
    viewer.on("selection", (nodes) => tell({ event: "selection", nodes: Array.from(nodes), ...(viewer.state.edges.length > 0 ? { edges: Array.from(viewer.state.edges) } : {}) })),
    viewer.on("hover", ({ node, edge }) => tell({ event: "hover", node, edge })),
    viewer.on("hidden", ({ n_nodes, n_edges }) => tell({ event: "hidden", n_nodes, n_edges })),
    viewer.on("message", ({ text, kind }) => tell({ event: kind === "error" ? "error" : "message", text })),
  ];
  return () => {
    removeEventListener("message", onMessage);
    for (const end of off) end();
  };
}

const object = (value: unknown): object => (typeof value === "object" && value !== null ? value : {});
