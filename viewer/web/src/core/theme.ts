/** Whether somebody wants pages light or dark: kept by their browser, where it keeps things. */

const KEY = "graphlume.theme";

export function storedTheme(): "light" | "dark" | null {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === "light" || kept === "dark" ? kept : null;
  } catch {
    return null; // a frame without storage
  }
}

export function storeTheme(theme: "light" | "dark"): void {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // The next page begins as usual.
  }
}
