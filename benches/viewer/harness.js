/**
 * Measures one library in one page. Frames are run here and not by the browser: what a library gave to
 * requestAnimationFrame is called between two readings of the clock, and the second waits, by reading one pixel of
 * every WebGL context, until the graphics processor is done. A library is driven by its public calls alone.
 */

import { makeGraph, SIDE } from "./graph.js";

const real = window.requestAnimationFrame.bind(window);
let queue = new Map();
let last = 0;
window.requestAnimationFrame = (callback) => {
  queue.set(++last, callback);
  return last;
};
window.cancelAnimationFrame = (id) => queue.delete(id);

const contexts = new Set();
const getContext = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, settings) {
  if (!String(kind).startsWith("webgl")) return getContext.call(this, kind, settings);
  // cosmos.gl and deck.gl ask for four samples a pixel by default, the others for one: one for all.
  const context = getContext.call(this, kind, { ...settings, antialias: false });
  if (context) contexts.add(context);
  return context;
};

/** Calls what waits for a frame. */
function callbacks() {
  const now = performance.now();
  const due = queue;
  queue = new Map();
  for (const callback of due.values()) callback(now);
}

/** Reads pixels of what a context shows, and leaves it as it was. */
function read(gl, x, y, width, height, into) {
  const READ = gl.READ_FRAMEBUFFER ?? gl.FRAMEBUFFER;
  const bound = gl.getParameter(gl.READ_FRAMEBUFFER_BINDING ?? gl.FRAMEBUFFER_BINDING);
  const pack = gl.PIXEL_PACK_BUFFER ? gl.getParameter(gl.PIXEL_PACK_BUFFER_BINDING) : null;
  if (pack) gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null);
  gl.bindFramebuffer(READ, null);
  gl.readPixels(x, y, width, height, gl.RGBA, gl.UNSIGNED_BYTE, into);
  gl.bindFramebuffer(READ, bound);
  if (pack) gl.bindBuffer(gl.PIXEL_PACK_BUFFER, pack);
}

const one = new Uint8Array(4);
function finish() {
  for (const gl of contexts) if (gl.canvas.isConnected) read(gl, 0, 0, 1, 1, one);
}

/** Pixels of all contexts that are not their first one, and a number that says whether two pictures are the same. */
function look() {
  let ink = 0;
  let hash = 0;
  for (const gl of contexts) {
    if (!gl.canvas.isConnected) continue;
    const { drawingBufferWidth: w, drawingBufferHeight: h } = gl;
    const pixels = new Uint8Array(4 * w * h);
    read(gl, 0, 0, w, h, pixels);
    const words = new Uint32Array(pixels.buffer);
    for (let i = 0; i < words.length; i++) {
      if (words[i] !== words[0]) ink++;
      hash = (Math.imul(hash, 31) + words[i]) | 0;
    }
  }
  return { ink, hash };
}

const task = () => new Promise((done) => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => done();
  port2.postMessage(0);
});
const frame = () => new Promise((done) => real(done));
/** Tells run.mjs how far this page is, and asks it something: it ends a page that has not told anything for too long. */
const tell = (what) => window.tellBench?.(what);
const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];

/**
 * Runs frames, each after a change, until there are enough of them, or they have taken `limits.longest` ms. `change`
 * gets the number of the frame. `cpu` is processor time of the whole browser, ms a frame, with the looks between frames.
 */
async function frames(change, limits) {
  const times = [];
  const hashes = new Set();
  let begin = performance.now();
  let cpu = 0;
  for (let i = 0; i < limits.warm + limits.most; i++) {
    if (i === limits.warm) {
      cpu = await tell({ cpu: true });
      begin = performance.now();
    }
    await frame();
    const start = performance.now();
    change(i);
    callbacks();
    finish();
    const took = performance.now() - start;
    tell({});
    if (i >= limits.warm) times.push(took);
    if (i % 2 === 0) hashes.add(look().hash);
    const passed = performance.now() - begin;
    if (times.length >= limits.least ? passed > limits.ms : times.length > 0 && passed > limits.longest) break;
  }
  const spent = (await tell({ cpu: true })) - cpu;
  if (hashes.size < 2 && times.length > 2) throw new Error(`the picture does not move: ${hashes.size} different frames`);
  times.sort((a, b) => a - b);
  return { median: quantile(times, 0.5), p95: quantile(times, 0.95), frames: times.length, cpu: spent / times.length };
}

/** Runs frames until nothing is queued or the picture is the same for some of them, or half a minute has passed. */
async function settle(least = 3, most = 20) {
  let same = 0;
  let hash = null;
  const begin = performance.now();
  for (let i = 0; i < most && (i < least || same < 2) && performance.now() - begin < 30_000; i++) {
    await frame();
    callbacks();
    const now = look();
    tell({});
    same = now.hash === hash ? same + 1 : 0;
    hash = now.hash;
  }
}

export function bench(name, create) {
  /** All that is measured of a library; `settings` come from run.mjs. */
  window.measure = async ({ n, m, limits, stages, radius }) => {
    const element = document.getElementById("graph");
    const width = element.clientWidth;
    const height = element.clientHeight;
    const graph = makeGraph(n, m);
    const base = { x: SIDE / 2, y: SIDE / 2, scale: (0.95 * height) / SIDE };
    const result = { name, n, m };
    /** A stage has ended: what is known is known also if the next one does not. */
    const ended = (stage) => {
      if (result[stage] && library.edges) result[stage].edges = library.edges();
      return tell({ result });
    };

    await tell({ stage: "first", result });
    // First picture: from data in memory until nine tenths of the ink of the final picture are there.
    const seen = [];
    let apart = 0;
    const start = performance.now();
    const library = await create(element, { ...graph, radius, side: SIDE, width, height }, base);
    for (let i = 0, same = 0; i < 200 && same < 3 && performance.now() - start < 2 * limits.silent; i++) {
      await frame();
      callbacks();
      finish();
      const at = performance.now();
      const { ink } = look();
      same = seen.length > 0 && ink > 0 && ink === seen[seen.length - 1].ink ? same + 1 : 0;
      // A frame in which nothing was drawn has an empty buffer, and so the picture before it.
      if (ink > 0) seen.push({ at: at - start - apart, ink });
      else if (seen.length > 0) same++;
      if (ink > 0) tell({});
      apart += performance.now() - at;
    }
    const whole = Math.max(0, ...seen.map((s) => s.ink));
    if (whole < 0.02 * width * height) throw new Error(`${name} draws ${whole} pixels`);
    result.first = seen.find((s) => s.ink >= 0.9 * whole).at;
    result.ink = whole / (width * height);
    await ended("first");

    if (stages.includes("pan")) {
      await tell({ stage: "pan" });
      result.pan = await frames((i) => library.camera({ ...base, x: base.x + 0.2 * SIDE * Math.sin(i / 6), y: base.y + 0.1 * SIDE * Math.cos(i / 7) }), limits);
      await ended("pan");
    }
    if (stages.includes("zoom")) {
      await tell({ stage: "zoom" });
      result.zoom = await frames((i) => library.camera({ ...base, scale: base.scale * Math.pow(4, 0.5 - 0.5 * Math.cos(i / 6)) }), limits);
      await ended("zoom");
    }
    if (stages.includes("move")) {
      await tell({ stage: "move" });
      library.camera(base);
      await settle();
      library.prepare?.(graph.phases);
      result.move = await frames((i) => library.move(graph.phases[i % graph.phases.length], i % graph.phases.length), limits);
      await ended("move");
      library.move(graph.positions, -1);
      await settle();
    }
    if (stages.includes("point")) {
      await tell({ stage: "point" });
      // Near enough that discs lie apart, so that each has one right answer.
      const near = { ...base, scale: 16 * Math.sqrt(n / 20_000) * base.scale };
      library.camera(near);
      await settle(4);
      result.point = await point(library, graph, near, width, height, radius, element, limits);
      await ended("point");
      library.camera(base);
      await settle(4);
    }
    return result;
  };
}

/** Time from a movement of the mouse to the answer that names the node below it. */
async function point(library, { n, positions }, camera, width, height, radius, element, limits) {
  const inside = [];
  for (let u = 0; u < n; u++) {
    const x = (positions[2 * u] - camera.x) * camera.scale + width / 2;
    const y = height / 2 - (positions[2 * u + 1] - camera.y) * camera.scale;
    if (x > 40 && y > 40 && x < width - 40 && y < height - 40) inside.push({ u, x, y });
  }
  const room = 8 * radius;
  const alone = inside.filter((a) => inside.every((b) => a === b || Math.hypot(a.x - b.x, a.y - b.y) > room)).slice(0, 24);
  if (alone.length < 5) throw new Error(`only ${alone.length} nodes lie alone`);
  const canvas = library.target?.() ?? element.querySelector("canvas");
  const box = element.getBoundingClientRect();
  const times = [];
  const send = (x, y) => {
    const at = { clientX: box.left + x, clientY: box.top + y, bubbles: true, cancelable: true, view: window, pointerType: "mouse", pointerId: 1, isPrimary: true };
    for (const [Type, kinds] of [[PointerEvent, ["pointerover", "pointerenter", "pointermove"]], [MouseEvent, ["mouseenter", "mousemove"]]]) {
      for (const kind of kinds) canvas.dispatchEvent(new Type(kind, at));
    }
  };
  let found = null;
  library.onPoint((u) => (found = u));
  let asked = 0;
  const begin = performance.now();
  for (const { u, x, y } of alone) {
    if (asked >= limits.points && performance.now() - begin > limits.ms) break;
    asked++;
    send(x + 0.6 * room, y);
    for (let i = 0; i < 5; i++) {
      await frame();
      callbacks();
    }
    tell({});
    // Some libraries ask less often after an answer that took long.
    await new Promise((done) => setTimeout(done, 300));
    callbacks();
    finish();
    found = null;
    const start = performance.now();
    send(x, y);
    for (let i = 0; i < 40 && found === null; i++) {
      callbacks();
      if (found === null) await task();
    }
    const took = performance.now() - start;
    if (found === u) times.push(took);
  }
  if (times.length === 0) throw new Error(`none of ${asked} nodes was named`);
  times.sort((a, b) => a - b);
  return { median: quantile(times, 0.5), p95: quantile(times, 0.95), right: times.length, of: asked };
}
