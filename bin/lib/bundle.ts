/** Writes `dist`: the program in a few files, since finding and loading its 700 modules takes longer than all the rest. */
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";
import { schema } from "../../src/kinds/schema.ts";
import { schemaCheckText } from "./schema-check-text.ts";

const checkout = fileURLToPath(new URL("../../", import.meta.url));

/** Compiles the schema at build time. */
const compiledSchema: Plugin = {
  name: "compiled-schema",
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/kinds\/accepts\.ts$/ }, () => ({ contents: schemaCheckText(schema), loader: "js", resolveDir: checkout }));
  },
};

rmSync(`${checkout}/dist`, { recursive: true, force: true });
await build({
  absWorkingDir: checkout,
  entryPoints: ["src/cli.ts", "src/index.ts"],
  outdir: "dist",
  outbase: "src",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node24",
  plugins: [compiledSchema],
  // The development build of React keeps a record of every render. Bundled, Ink is loaded from one file instead of hundreds.
  define: { "process.env.NODE_ENV": '"production"' },
  // Ink loads it only for its own development.
  external: ["react-devtools-core"],
  // Packages of the older kind of module ask for Node's parts with require.
  banner: { js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);' },
  logLevel: "warning",
});
