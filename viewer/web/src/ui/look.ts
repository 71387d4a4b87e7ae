/** How the picture looks if nothing is said, and what settings mean for it. */

import { luminance, parseColor, type Rgb } from "../core/color";
import type { Settings } from "../core/types";
import type { Look } from "../render/look";

export const DEFAULTS: Settings = {
  point_size: 1,
  point_opacity: 1,
  point_border: 1,
  edge_opacity: 1,
  edge_width: 1,
  edge_curvature: 0,
  show_arrows: false,
  show_edges: true,
  show_labels: true,
  show_label_on_hover: true,
  label_size: 12,
  max_labels: 60,
  fade_long_edges: 0.5,
  highlight: "both",
  highlight_hops: 1,
  legend_in_pictures: true,
};

/** The grounds of light and dark pictures where nobody chose another. */
const PLAIN = /^#(0d1017|fff|ffffff)$/i;

/** Most edges whose directions are shown if nothing is said; arrows of more hide what they lie on. Pictures have the same bound. */
const ARROWS = 1500;

/** A scene's settings under one's own. Whoever asks for light or dark does not want the plain ground of the other. */
export function settingsOf(scene: Settings, own: Settings, of: { is_directed: boolean; n_edges: number } | null = null): Settings {
  const { background, ...rest } = scene;
  const isPlain = background === undefined || PLAIN.test(String(background));
  const show_arrows = of !== null && of.is_directed && of.n_edges <= ARROWS;
  return { ...DEFAULTS, show_arrows, ...rest, ...(isPlain && own.theme !== undefined ? {} : { background }), ...own } as Settings;
}

/** Colors and lengths of the settings. A ground of one's own decides whether all else is dark or light. */
export function lookOf(settings: Settings): Look {
  const own = typeof settings.background === "string" ? parseColor(settings.background) : null;
  const isDark = own ? luminance(own) < 0.3 : settings.theme !== "light";
  const background: Rgb = own ?? (isDark ? [0x0d / 255, 0x10 / 255, 0x17 / 255] : [1, 1, 1]);
  const s = { ...DEFAULTS, ...settings };
  return {
    background,
    border: background,
    ring: isDark ? [1, 1, 1] : [0.09, 0.1, 0.13],
    pointSize: s.point_size!,
    pointOpacity: s.point_opacity!,
    pointBorder: s.point_border!,
    edgeOpacity: s.edge_opacity!,
    edgeWidth: s.edge_width!,
    curvature: s.edge_curvature!,
    arrows: s.show_arrows!,
    edges: s.show_edges!,
    fade: s.fade_long_edges!,
    isDark,
  };
}
