import { defineConfig } from "vite";

// Files with names that stay, since they are committed and built into programs: no hashes. The first script is whole by
// itself, for widgets and pages of one file; the second has the other pages of a server, and takes what it needs from
// the first.
export default defineConfig({
  base: "./",
  build: {
    target: "es2022",
    modulePreload: false,
    rollupOptions: {
      // The page exports nothing, but widgets import `mount` from the same file.
      preserveEntrySignatures: "allow-extension",
      input: { graphlume: "src/main.ts" },
      output: {
        entryFileNames: "graphlume.js",
        chunkFileNames: "[name].js",
        assetFileNames: (asset) => (asset.names?.some((n) => n.endsWith(".css")) ? "graphlume.css" : "[name][extname]"),
      },
    },
    reportCompressedSize: true,
  },
});
