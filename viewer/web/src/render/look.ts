/** What the picture looks like, and what is said of single nodes and edges. */

/** Flags of nodes and edges. */
export const HIDDEN = 1;
export const SELECTED = 2;
export const NEAR = 4;
export const PINNED = 8;

export interface Look {
  background: [number, number, number];
  border: [number, number, number];
  ring: [number, number, number];
  pointSize: number;
  pointOpacity: number;
  pointBorder: number;
  edgeOpacity: number;
  edgeWidth: number;
  curvature: number;
  arrows: boolean;
  edges: boolean;
  /** 0: long edges are as strong as short ones. */
  fade: number;
  isDark: boolean;
}
