/** The programs of the graphics card, made when something is drawn with them for the first time, and what all of them are told. */

import type { Camera } from "./camera";
import type { GraphData } from "./data";
import { Program, type Column, type GL } from "./gl";
import type { Look } from "./look";
import * as shaders from "./shaders";
import { leastHead } from "./sizes";

type Name = "node" | "nodePick" | "icon" | "line" | "band" | "arrow" | "list" | "listArrow" | "linePick" | "bandPick" | "compose";

/** What is looked at, and how large the picture of it is in device pixels. */
export interface Sight {
  camera: Camera;
  width: number;
  height: number;
  dpr: number;
  /** The middle of the picture in layout units, where it is not the camera's. */
  center?: { x: number; y: number };
}

/** Radius below which no node is drawn, CSS pixels. */
const LEAST_RADIUS = 0.7;

export class Programs {
  private all = new Map<string, Program>();
  /** Factor on sizes that leaves room between nodes when all are in sight; at most 1, and 2 where nodes are few. */
  crowd = 1;

  constructor(private readonly gl: GL, private readonly data: GraphData, public look: Look) {}

  /** The card has lost them. */
  forget(): void {
    this.all.clear();
  }

  /** Lets the driver begin with programs that a picture will need, while something else is done. */
  prepare(...names: Name[]): void {
    for (const name of names) this.get(name);
  }

  private get(name: Name): Program {
    const { data } = this;
    let defines = data.mode === "grid" ? "#define GRID\n" : "";
    if (name !== "node" && name !== "nodePick" && name !== "icon" && name !== "compose") {
      if (data.hasEdgeFlags) defines += "#define EDGE_FLAGS\n";
      if (data.scene?.edge_color) defines += "#define EDGE_COLOR\n";
      if (data.scene?.edge_width) defines += "#define EDGE_WIDTH\n";
      if (name.startsWith("list")) defines += "#define LIST\n";
      if (name === "arrow" || name === "listArrow") defines += "#define ARROW\n";
    }
    if (name.endsWith("Pick")) defines += "#define PICK\n";
    // What is put together has nothing to do with where nodes are.
    if (name === "compose") defines = "";
    const key = name + defines;
    let program = this.all.get(key);
    if (!program) {
      const bands = defines + "#define BAND\n";
      const [vertex, fragment] =
        name === "node" || name === "nodePick" ? [shaders.NODE_VERTEX(defines), shaders.NODE_FRAGMENT(defines)]
        : name === "icon" ? [shaders.ICON_VERTEX(defines), shaders.ICON_FRAGMENT]
        : name === "compose" ? [shaders.COVER_VERTEX, shaders.COMPOSE_FRAGMENT]
        : name === "line" || name === "linePick" ? [shaders.LINE_VERTEX(defines), shaders.EDGE_FRAGMENT(defines)]
        : [shaders.BAND_VERTEX(bands), shaders.EDGE_FRAGMENT(bands)];
      program = new Program(this.gl, vertex!, fragment!);
      this.all.set(key, program);
    }
    return program;
  }

  /** The program, in use, and told what is looked at. */
  use(name: Name, sight: Sight): Program {
    const { gl, data } = this;
    const program = this.get(name);
    gl.useProgram(program.handle);
    if (name === "compose") return program;
    const names = data.mode === "grid" ? (["grid0", "grid1"] as const) : (["float0", "float1"] as const);
    const { columns } = data;
    const bind = (unit: number, uniform: string, column: Column | undefined): void => {
      const at = program.at(uniform);
      if (at === null || !column) return;
      gl.activeTexture(gl.TEXTURE0 + unit);
      gl.bindTexture(gl.TEXTURE_2D, column.handle);
      gl.uniform1i(at, unit);
    };
    bind(0, "uFrom", columns[names[0]]);
    bind(1, "uTo", columns[names[1]]);
    bind(2, "uColor", columns.color);
    bind(3, "uSize", columns.size);
    bind(4, "uFlags", columns.flags);
    bind(5, "uEdges", columns.edges);
    bind(6, "uEdgeFlags", columns.edgeFlags);
    bind(7, "uEdgeColor", columns.edgeColor);
    bind(8, "uEdgeWidth", columns.edgeWidth);
    bind(9, "uIcon", columns.icon);
    gl.uniform3fv(program.at("uFromGrid"), data.mode === "grid" ? data.fromGrid : [0, 0, 1]);
    gl.uniform3fv(program.at("uToGrid"), data.mode === "grid" ? data.toGrid : [0, 0, 1]);
    gl.uniform1f(program.at("uTime"), data.time);
    const { camera, width, height, dpr, center } = sight;
    const s = camera.scale * dpr;
    gl.uniform4f(program.at("uView"), center?.x ?? camera.x, center?.y ?? camera.y, (2 * s) / width, (2 * s) / height);
    gl.uniform2f(program.at("uHalf"), width / 2, height / 2);
    gl.uniform2f(program.at("uRadius"), this.radiusScale(camera) * dpr, LEAST_RADIUS * dpr);
    const diagonal = Math.hypot(camera.width, camera.height) * dpr;
    gl.uniform2f(program.at("uFade"), diagonal * 0.05, 1 - 0.86 * this.look.fade);
    return program;
  }

  /** Whether edges are straight lines from one place to another. */
  get isStraight(): boolean {
    return this.look.curvature === 0 && !this.data.hasLoops;
  }

  /**
   * Draws `count` edges as bands of `width` CSS pixels, at least twice `least`, or the arrows at their ends, with a
   * program that is in use.
   */
  drawBand(program: Program, arrow: boolean, count: number, width: number, dpr: number, least = 0.36): void {
    const { gl, look } = this;
    gl.uniform4f(program.at("uBand"), width * dpr, least * dpr, look.curvature * 0.45, look.arrows ? leastHead(this.data.scene?.n_edges ?? 0) * dpr : 0);
    const segments = this.isStraight ? 1 : 12;
    gl.uniform1f(program.at("uSegments"), segments);
    if (arrow) gl.drawArraysInstanced(gl.TRIANGLES, 0, 3, count);
    else gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 2 * (segments + 1), count);
  }

  /** Radius of a node in CSS pixels. */
  radius(u: number, camera: Camera): number {
    return Math.max(LEAST_RADIUS, this.data.sizeOf(u) * this.radiusScale(camera));
  }

  /** CSS pixels per unit of size: smaller where there are many nodes, larger when one zooms in. */
  private radiusScale(camera: Camera): number {
    const zoom = camera.scale / camera.fitScale;
    const grow = zoom >= 1 ? Math.pow(zoom, 0.42) : Math.pow(zoom, 0.6);
    return this.look.pointSize * Math.min(this.crowd * grow, 3.2);
  }
}
