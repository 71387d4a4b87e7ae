import { defineConfig } from "vite";

// The page of cases is a bundle of its own, beside that of the viewer, which does not carry it.
export default defineConfig({
  base: "./",
  publicDir: false,
  build: {
    target: "es2022",
    modulePreload: false,
    emptyOutDir: false,
    rollupOptions: {
      input: { cases: "src/cases/main.ts" },
      output: {
        entryFileNames: "cases.js",
        assetFileNames: (asset) => (asset.names?.some((n) => n.endsWith(".css")) ? "cases.css" : "[name][extname]"),
        codeSplitting: false,
      },
    },
    reportCompressedSize: true,
  },
});
