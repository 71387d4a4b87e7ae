/**
 * What lies at a point of the picture, exact to the drawn shape. Numbers of nodes and edges are drawn instead of their
 * colors: into the few pixels around the point, and, where one points a second time and nothing has moved since, of the
 * whole picture, which is kept until something does.
 */

import type { GraphData } from "./data";
import { Target, type GL } from "./gl";
import type { Programs, Sight } from "./programs";

/** Pixels across in which something is looked for. */
const SIDE = 15;
/** In a number: that it is an edge's. */
const EDGE = 0x80000000;

export class Picker {
  private target!: Target;
  private whole!: Target;
  private empty!: WebGLVertexArrayObject;
  /** Of which picture the whole one is, with edges or without; and which picture was last pointed at. */
  private wholeOf = "";
  private wholeHasEdges = false;
  private lastOf = "";
  private readonly ids = new Uint32Array(SIDE * SIDE * 4);

  constructor(private readonly gl: GL, private readonly data: GraphData, private readonly programs: Programs, private readonly margin: number) {}

  setUp(): void {
    const { gl } = this;
    const layout = { internal: gl.R32UI, format: gl.RED_INTEGER, type: gl.UNSIGNED_INT, filter: gl.NEAREST };
    this.target = new Target(gl, layout);
    this.whole = new Target(gl, layout);
    this.target.resize(SIDE, SIDE);
    this.empty = gl.createVertexArray();
    this.wholeOf = this.lastOf = "";
  }

  /** The node, else the edge, at a point in CSS pixels of a picture; `version` tells one state of it from all others. */
  pick(sight: Sight, version: number, sx: number, sy: number, withEdges: boolean): { node?: number; edge?: number } {
    const { gl, data } = this;
    const { camera, width, height, dpr } = sight;
    const edges = withEdges && this.programs.look.edges && data.scene!.n_edges > 0;
    const now = [version, camera.x, camera.y, camera.scale, camera.fitScale, width, height, data.time, data.mode, this.programs.crowd, this.programs.look.pointSize, this.programs.look.curvature].join(" ");
    const isAgain = this.lastOf === now;
    this.lastOf = now;
    gl.disable(gl.BLEND);
    let found: number;
    if (isAgain && sx >= 0 && sy >= 0 && sx * dpr < width && sy * dpr < height) {
      if (this.wholeOf !== now || (edges && !this.wholeHasEdges)) {
        this.whole.resize(width, height);
        this.clear(this.whole);
        if (edges) this.lines(sight);
        this.nodes(sight);
        this.wholeOf = now;
        this.wholeHasEdges = edges;
      }
      gl.bindFramebuffer(gl.FRAMEBUFFER, this.whole.frame);
      found = this.read(Math.floor(sx * dpr) - (SIDE >> 1), height - 1 - Math.floor(sy * dpr) - (SIDE >> 1), edges);
    } else {
      const around: Sight = { camera, width: SIDE, height: SIDE, dpr, center: { x: camera.toPlaneX(sx), y: camera.toPlaneY(sy) } };
      this.clear(this.target);
      this.nodes(around);
      found = this.read(0, 0, false);
      if (found === 0 && edges) {
        this.lines(around);
        found = this.read(0, 0, true);
      }
    }
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    if (found === 0) return {};
    return found >= EDGE ? { edge: found - EDGE } : { node: found - 1 };
  }

  private clear(target: Target): void {
    const { gl } = this;
    gl.bindFramebuffer(gl.FRAMEBUFFER, target.frame);
    gl.clearBufferuiv(gl.COLOR, 0, [0, 0, 0, 0]);
  }

  private nodes({ camera, width, height, dpr, center }: Sight): void {
    const { gl, margin } = this;
    // Like the picture, centers may lie around what is looked at.
    const [w, h] = [width + 2 * margin, height + 2 * margin];
    gl.viewport(-margin, -margin, w, h);
    const program = this.programs.use("nodePick", { camera, width: w, height: h, dpr, center });
    gl.uniform1f(program.at("uDim"), 1);
    gl.uniform1f(program.at("uOpacity"), 2.5 * dpr);
    gl.uniform1ui(program.at("uOnly"), 0);
    gl.bindVertexArray(this.data.orderArray);
    gl.drawArrays(gl.POINTS, 0, this.data.scene!.n_nodes);
    gl.bindVertexArray(null);
  }

  private lines(sight: Sight): void {
    const { gl } = this;
    gl.viewport(0, 0, sight.width, sight.height);
    // Curves and loops are where they are drawn; lines are enough of the others.
    const { isStraight } = this.programs;
    const program = this.programs.use(isStraight ? "linePick" : "bandPick", sight);
    const m = this.data.scene!.n_edges;
    gl.uniform2ui(program.at("uPart"), 0, 1);
    gl.uniform1f(program.at("uWeight"), 1);
    gl.bindVertexArray(this.empty);
    if (isStraight) gl.drawArrays(gl.LINES, 0, 2 * m);
    else this.programs.drawBand(program, false, m, 1, sight.dpr);
    gl.bindVertexArray(null);
  }

  /** The number next to the middle of a square whose lower left pixel this is: a node's, if there is one, else an edge's. */
  private read(left: number, bottom: number, edges: boolean): number {
    const { gl, ids } = this;
    // What lies outside of the picture is not written.
    ids.fill(0);
    gl.readPixels(left, bottom, SIDE, SIDE, gl.RGBA_INTEGER, gl.UNSIGNED_INT, ids);
    const middle = (SIDE - 1) / 2;
    let [best, least, isEdge] = [0, Infinity, true];
    for (let i = 0; i < SIDE * SIDE; i++) {
      const id = ids[4 * i]!;
      const far = ((i % SIDE) - middle) ** 2 + (Math.floor(i / SIDE) - middle) ** 2;
      if (id === 0 || (id >= EDGE && (!edges || !isEdge))) continue;
      if (far < least || (isEdge && id < EDGE)) [best, least, isEdge] = [id, far, id >= EDGE];
    }
    return best;
  }

  destroy(): void {
    this.target.delete();
    this.whole.delete();
  }
}
