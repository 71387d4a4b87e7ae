/** The words of an address: those of PyGraphistry, and our own. Lenient: what cannot be read is as if it were not there. */

import { parseColor, toHex } from "./color";
import type { Encodings, Settings } from "./types";

export interface Params {
  settings: Settings;
  /** Options of the layout, by the stream's names. */
  layout: Record<string, number | boolean>;
  encodings: Encodings;
  /** Milliseconds after the start for which the layout plays; 0: positions stay. */
  play?: number;
  /** What of the page is there. */
  menu?: boolean;
  info?: boolean;
  actions?: boolean;
  histograms?: boolean;
  inspector?: boolean;
  embed?: boolean;
  /** What part of the plane is seen at first, layout units. */
  box?: { left: number; right: number; top: number; bottom: number };
  /** A view that the server keeps. */
  view?: string;
  collections?: unknown[];
  title?: string;
  favicon?: string;
  logo?: { url: string; position?: string; maxWidth?: number; maxHeight?: number; autoInvert?: boolean };
}

/** PyGraphistry's names of settings. */
const SETTINGS: Record<string, readonly [name: string, kind: "number" | "boolean" | "color" | "text", low?: number, high?: number]> = {
  bg: ["background", "color"],
  pointSize: ["point_size", "number", 0.05, 20],
  pointOpacity: ["point_opacity", "number", 0, 1],
  pointStrokeWidth: ["point_border", "number", 0, 10],
  edgeCurvature: ["edge_curvature", "number", -1, 1],
  edgeOpacity: ["edge_opacity", "number", 0, 4],
  showArrows: ["show_arrows", "boolean"],
  neighborhoodHighlight: ["highlight", "text"],
  neighborhoodHighlightHops: ["highlight_hops", "number", 1, 5],
  showLabels: ["show_labels", "boolean"],
  showLabelOnHover: ["show_label_on_hover", "boolean"],
  showLabelPropertiesOnHover: ["show_card_on_hover", "boolean"],
  shortenLabels: ["shorten_labels", "boolean"],
  labelColor: ["label_color", "color"],
  labelBackground: ["label_background", "color"],
  labelOpacity: ["label_opacity", "number", 0, 1],
  showPointsOfInterest: ["show_points_of_interest", "boolean"],
  showPointsOfInterestLabel: ["show_points_of_interest_label", "boolean"],
  pointsOfInterestMax: ["max_labels", "number", 0, 500],
  showCollections: ["show_collections", "boolean"],
  collectionsGlobalNodeColor: ["collections_node_color", "color"],
  collectionsGlobalEdgeColor: ["collections_edge_color", "color"],
  theme: ["theme", "text"],
};

/** PyGraphistry's names of the layout's options. */
const LAYOUT: Record<string, readonly [name: string, kind: "number" | "boolean"]> = {
  lockedX: ["lock_x", "boolean"],
  lockedY: ["lock_y", "boolean"],
  lockedR: ["lock_r", "boolean"],
  linLog: ["lin_log", "boolean"],
  strongGravity: ["strong_gravity", "boolean"],
  dissuadeHubs: ["dissuade_hubs", "boolean"],
  edgeInfluence: ["edge_weight_influence", "number"],
  gravity: ["gravity", "number"],
  scalingRatio: ["scaling", "number"],
};

const BOX = ["left", "right", "top", "bottom"] as const;

const boolean = (text: string): boolean | undefined =>
  /^(true|1|yes|on)$/i.test(text) ? true : /^(false|0|no|off|none)$/i.test(text) ? false : undefined;

const number = (text: string): number | undefined => {
  const value = Number(text);
  return text.trim() !== "" && Number.isFinite(value) ? value : undefined;
};

/** Reads words of an address, or the `url_params` of a dataset. */
export function readParams(query: URLSearchParams | Record<string, unknown>): Params {
  const params: Params = { settings: {}, layout: {}, encodings: {} };
  const sides: Record<string, number> = {};
  const entries = query instanceof URLSearchParams ? [...query] : Object.entries(query).map(([k, v]) => [k, typeof v === "object" ? JSON.stringify(v) : String(v)] as const);
  for (const [key, raw] of entries) {
    // Python's str(None), and words that an address encodes twice.
    if (raw === "None" || raw === "null" || raw === "undefined" || raw === "") continue;
    const text = /^%[0-9a-f]{2}/i.test(raw) ? decode(raw) : raw;
    const setting = SETTINGS[key] ?? Object.values(SETTINGS).find(([name]) => name === key);
    if (setting) {
      const [name, kind, low, high] = setting;
      const value = kind === "number" ? clamp(number(text), low, high) : kind === "boolean" ? boolean(text) : kind === "color" ? color(text) : text;
      if (value !== undefined) params.settings[name] = value;
      continue;
    }
    const layout = LAYOUT[key];
    if (layout) {
      const value = layout[1] === "number" ? number(text) : boolean(text);
      if (value !== undefined) params.layout[layout[0]] = value;
      continue;
    }
    if ((BOX as readonly string[]).includes(key)) {
      const value = number(text);
      if (value !== undefined) sides[key] = value;
      continue;
    }
    if (/^(node|edge)_(color|size|label|icon|badge|opacity|width)$/.test(key)) {
      params.encodings[key] = text;
      continue;
    }
    switch (key) {
      case "play": params.play = clamp(number(text), 0, 3_600_000) ?? (boolean(text) === false ? 0 : undefined); break;
      case "precisionVsSpeed": {
        // From precise, −5, to fast, 5: a factor of two in tolerance for each step.
        const value = clamp(number(text), -5, 5);
        if (value !== undefined) params.layout.jitter_tolerance = Math.pow(2, value);
        break;
      }
      case "menu": params.menu = boolean(text); break;
      case "info": params.info = boolean(text); break;
      case "showActions": params.actions = boolean(text); break;
      case "showHistograms": params.histograms = boolean(text); break;
      case "showInspector": params.inspector = boolean(text); break;
      case "embed": params.embed = boolean(text); break;
      case "view": params.view = text; break;
      case "collections": {
        try {
          const value: unknown = JSON.parse(text);
          if (Array.isArray(value)) params.collections = value;
        } catch {
          // Leniently, as all of this.
        }
        break;
      }
      case "pageTitle": params.title = text; break;
      case "favicon": params.favicon = web(text); break;
      case "logoUrl": { const url = web(text); if (url) params.logo = { ...params.logo, url }; break; }
      case "logoPosition": params.logo = { url: "", ...params.logo, position: text }; break;
      case "logoMaxWidth": params.logo = { url: "", ...params.logo, maxWidth: number(text) }; break;
      case "logoMaxHeight": params.logo = { url: "", ...params.logo, maxHeight: number(text) }; break;
      case "logoAutoInvert": params.logo = { url: "", ...params.logo, autoInvert: boolean(text) }; break;
      default: // dataset, type, viztoken, usertag, splashAfter, session, and whatever comes
    }
  }
  if (params.logo && !params.logo.url) delete params.logo;
  const { left, right, top, bottom } = sides;
  // Whichever way y goes where the address was made.
  if (left !== undefined && right !== undefined && top !== undefined && bottom !== undefined && left < right && top !== bottom) {
    params.box = { left, right, top: Math.max(top, bottom), bottom: Math.min(top, bottom) };
  }
  return JSON.parse(JSON.stringify(params)) as Params;
}

/** Later words over earlier ones. */
export function mergeParams(...all: Params[]): Params {
  return all.reduce((a, b) => ({ ...a, ...b, settings: { ...a.settings, ...b.settings }, layout: { ...a.layout, ...b.layout }, encodings: { ...a.encodings, ...b.encodings } }));
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function clamp(value: number | undefined, low = -Infinity, high = Infinity): number | undefined {
  return value === undefined ? undefined : Math.min(high, Math.max(low, value));
}

function color(text: string): string | undefined {
  const rgb = parseColor(text);
  return rgb ? toHex(rgb) : undefined;
}

/** Addresses of pictures, and nothing that runs. */
function web(text: string): string | undefined {
  return /^(https?:\/\/|\/|data:image\/(png|jpeg|gif|webp|svg\+xml))/i.test(text) && !text.startsWith("//") ? text : undefined;
}
