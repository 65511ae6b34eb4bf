import { defineConfig } from "vite";
import { manifest } from "./manifest.ts";
import { mends } from "./mends.ts";

// A file is named after its content, by as many hexadecimal digits as Django names its own by, so that one rule says
// of both that they never change. The pages name their files themselves: the names that Django gives them again are
// asked for by nobody, and nothing loads twice.
const output = {
  hashCharacters: "hex",
  entryFileNames: "static/web/[name].[hash:12].js",
  chunkFileNames: "static/web/[name].[hash:12].js",
  assetFileNames: "static/web/[name].[hash:12][extname]",
} as const;

export default defineConfig({
  plugins: [mends(), manifest()],
  build: {
    emptyOutDir: false, // pages that are open, or that a running server keeps, name the files of earlier builds
    assetsInlineLimit: 0, // the pages' policy allows no font in a data: URL
    chunkSizeWarningLimit: 3000, // kB: Monaco, on GraphiQL's page alone
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: ["studio.html", "graphiql.html", "missing.html"],
      output,
      checks: { moduleLevelDirective: false }, // "use client" is for servers that render React
    },
  },
  worker: { format: "es", rolldownOptions: { output } },
});
