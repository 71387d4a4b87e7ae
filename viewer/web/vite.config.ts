import { defineConfig } from "vite";

// Three files with names that stay, since they are committed and built into programs: no hashes.
export default defineConfig({
  base: "./",
  build: {
    target: "es2022",
    modulePreload: false,
    // The page exports nothing, but widgets import `mount` from the same file.
    rollupOptions: {
      preserveEntrySignatures: "strict",
      input: { graphlume: "src/main.ts" },
      output: {
        entryFileNames: "graphlume.js",
        assetFileNames: (asset) => (asset.names?.some((n) => n.endsWith(".css")) ? "graphlume.css" : "[name][extname]"),
        inlineDynamicImports: true,
      },
    },
    reportCompressedSize: true,
  },
});
