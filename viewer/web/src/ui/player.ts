/** Play, pause and single steps of the layout, and how far it is. */

import { plural } from "../core/format";
import type { Stream } from "../core/stream";
import { button, h, icon, iconButton, throttle } from "./dom";
import type { Viewer } from "./viewer";

export function player(viewer: Viewer): HTMLElement {
  const play = iconButton("pause", "Pause the layout (Space)", () => viewer.togglePlay(), { class: "icon primary" });
  const step = iconButton("step", "One step", () => viewer.stream?.send({ type: "step", n: 1 }));
  const status = h("span", { class: "quiet status" });
  const retry = button("Try now", () => viewer.stream?.retry(), { class: "link", hidden: true });
  const element = h("div", { class: "player", role: "toolbar", "aria-label": "Layout", hidden: true }, play, step, status, retry);
  let connection = { open: false, retry: 0 };
  let why = "";
  const write = (stream: Stream): void => {
    if (stream !== viewer.stream) return;
    const running = stream.state === "running";
    play.replaceChildren(icon(running ? "pause" : "play"));
    const words = running ? "Pause the layout (Space)" : "Play the layout (Space)";
    play.title = words;
    play.setAttribute("aria-label", words);
    retry.hidden = connection.open;
    element.classList.toggle("lost", !connection.open);
    // Nothing has moved since the positions were read: how many steps led there nobody knows any more.
    const isSaved = !running && viewer.iteration === 0;
    status.textContent = connection.open ? `${stream.state}${why} · ${isSaved ? "as saved" : plural(viewer.iteration, "step")}` : `no connection; next try in ${Math.max(1, Math.round(connection.retry))} s`;
  };
  viewer.on("open", () => void (element.hidden = true));
  viewer.on("stream", (stream) => {
    element.hidden = false;
    connection = { open: stream.isOpen, retry: 0 };
    status.textContent = "connecting…";
    stream.on("frame", throttle(() => write(stream), 200));
    stream.on("state", ({ state, reason }) => {
      why = reason && reason !== state ? ` (${reason})` : "";
      play.disabled = step.disabled = !stream.maySteer;
      write(stream);
      viewer.emit("announce", `layout ${state}${reason ? `: ${reason}` : ""}`);
    });
    stream.on("connection", ({ open, retry: seconds }) => {
      connection = { open, retry: seconds ?? 0 };
      write(stream);
    });
  });
  return element;
}
