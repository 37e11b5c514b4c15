/** Writes `dist`: the program as one script, the few lines that start it, and the library. */
import { createHash } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build, type Plugin } from "esbuild";
import { schema } from "../../src/kinds/schema.ts";
import type { ScriptPlaces } from "./run-program.ts";
import { schemaCheckText } from "./schema-check-text.ts";

const checkout = fileURLToPath(new URL("../../", import.meta.url));
const { version } = JSON.parse(readFileSync(`${checkout}package.json`, "utf8")) as { readonly version: string };

/** Compiles the schema at build time. */
const compiledSchema: Plugin = {
  name: "compiled-schema",
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/kinds\/accepts\.ts$/ }, () => ({ contents: schemaCheckText(schema), loader: "js", resolveDir: checkout }));
  },
};

/** Modules of packages that wait while they are loaded, which a script cannot, and what takes the place of the waiting. */
const waiting: readonly { readonly file: RegExp; readonly replacements: readonly (readonly [waits: string, instead: string])[] }[] = [
  {
    // `layoutReady` waits instead.
    file: /\/yoga-layout\/dist\/src\/index\.js$/,
    replacements: [
      [
        "const Yoga = wrapAssembly(await loadYoga());",
        // Ink reads only constants while it is loaded.
        'import constants from "./generated/YGEnums.js";\nlet Yoga = constants;\nexport const ready = loadYoga().then((loaded) => { Yoga = wrapAssembly(loaded); });',
      ],
      ["export default Yoga;", "export { Yoga as default };"],
    ],
  },
  {
    // Ink waits only for its own development.
    file: /\/ink\/build\/reconciler\.js$/,
    replacements: [
      ["await import('./devtools.js');", ""],
      ["await loadPackageJson();", "{};"],
    ],
  },
];

const loadedAtOnce: Plugin = {
  name: "loaded-at-once",
  setup({ onLoad }) {
    for (const { file, replacements } of waiting) {
      onLoad({ filter: file }, ({ path }) => {
        let contents = readFileSync(path, "utf8");
        for (const [waits, instead] of replacements) {
          if (!contents.includes(waits)) throw new Error(`${path} has changed: it no longer contains ${waits}`);
          contents = contents.replace(waits, instead);
        }
        return { contents, loader: "js" };
      });
    }
    onLoad({ filter: /\/src\/report\/tui\/layout-ready\.ts$/ }, () => ({
      contents: 'export { ready as layoutReady } from "yoga-layout";',
      loader: "js",
      resolveDir: checkout,
    }));
  },
};

/** Stacks of the built program have the places of its sources. */
const originalStacks: Plugin = {
  name: "original-stacks",
  setup({ onLoad }) {
    const contents = 'export { originalStack } from "./bin/lib/original-stack.ts";';
    onLoad({ filter: /\/src\/model\/original-stack\.ts$/ }, () => ({ contents, loader: "js", resolveDir: checkout }));
  },
};

/** Parts of Node without an import, which loads everything that they export. */
const builtinParts: Plugin = {
  name: "builtin-parts",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace: "part-of-node" }));
    onLoad({ filter: /.*/, namespace: "part-of-node" }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
      loader: "js",
    }));
  },
};

/**
 * Packages that most commands do not use: scripts of their own behind the program, each of which is read and compiled when one of its packages
 * is used. Otherwise every start would read a third more, and V8 would prepare all their functions.
 */
const apart: Readonly<Record<string, readonly string[]>> = {
  terminal: ["ink", "react", "yoga-layout"],
  programs: ["execa"],
  schema: ["ajv/dist/2020.js"],
  lock: ["proper-lockfile"],
};
const partOf = new Map(Object.entries(apart).flatMap(([part, packages]) => packages.map((name) => [name, part] as const)));

/** The program asks for them as for parts of Node (`run-program.ts`). */
const packagesApart: Plugin = {
  name: "packages-apart",
  setup({ onResolve }) {
    onResolve({ filter: /^[a-z]/ }, ({ path }) => {
      const part = partOf.get(path);
      return part === undefined ? undefined : { path: `virtform:${part}/${path}`, external: true };
    });
  },
};

const common: BuildOptions = {
  absWorkingDir: checkout,
  bundle: true,
  platform: "node",
  target: "node24",
  // The development build of React keeps a record of every render.
  define: { "process.env.NODE_ENV": '"production"', VIRTFORM_VERSION: JSON.stringify(version) },
  // Ink loads it only for its own development.
  external: ["react-devtools-core"],
  logLevel: "warning",
};

/**
 * Every start reads the program: half of it would be white space and long names. Stacks of bugs are shown with the places of the sources, which the source
 * map has.
 */
const compact: BuildOptions = {
  minifyWhitespace: true,
  minifyIdentifiers: true,
  lineLimit: 120,
  sourcemap: "external",
  sourcesContent: false,
};

rmSync(`${checkout}/dist`, { recursive: true, force: true });

// A script and not a module: only for scripts, V8's cache holds the functions that were compiled while the program ran.
const program = await build({
  ...common,
  ...compact,
  entryPoints: ["src/cli.ts"],
  outfile: "dist/program.cjs",
  format: "cjs",
  define: { ...common.define, "import.meta.url": "__moduleUrl" },
  plugins: [compiledSchema, loadedAtOnce, originalStacks, packagesApart],
  metafile: true,
  write: false,
});
const parts = await Promise.all(
  Object.values(apart).map((packages) =>
    build({
      ...common,
      ...compact,
      stdin: {
        contents: `module.exports = { ${packages.map((name) => `${JSON.stringify(name)}: require(${JSON.stringify(name)})`)} };`,
        resolveDir: checkout,
      },
      outfile: "dist/program.cjs",
      format: "cjs",
      define: { ...common.define, "import.meta.url": "__moduleUrl" },
      plugins: [loadedAtOnce],
      metafile: true,
      write: false,
    }),
  ),
);
const known = new Set([...partOf].map(([name, part]) => `virtform:${part}/${name}`));
const asked = [program, ...parts].flatMap(({ metafile }) =>
  Object.values(metafile?.outputs ?? {}).flatMap(({ imports }) => imports.map(({ path }) => path)),
);
const strange = asked.find((path) => !isBuiltin(path) && !known.has(path));
if (strange !== undefined) throw new Error(`the program asks for ${strange}, which is not a part of Node`);

/** Where each script is in the file: the program itself, which has the name "", and the packages. */
const scripts: ScriptPlaces = {};
const sections: object[] = [];
let script = "";
for (const [index, { outputFiles }] of [program, ...parts].entries()) {
  const [map, code] = [".map", ".cjs"].map((end) => outputFiles?.find(({ path }) => path.endsWith(end))?.text);
  if (map === undefined || code === undefined) throw new Error("the bundler made no code, or no source map");
  const head = "(function (module, exports, require, __moduleUrl) {";
  const text = `${head}${code}\n})`;
  const line = script.split("\n").length - 1;
  scripts[index === 0 ? "" : (Object.keys(apart)[index - 1] ?? "")] = { offset: script.length, length: text.length, line };
  sections.push({ offset: { line, column: head.length }, map: JSON.parse(map) });
  script += `${text}\n`;
}
// It is read as Latin-1 (launch.ts). Texts are written with escapes, but literals of regular expressions stay as they are.
const foreign = script.split("\n").find((line) => [...line].some((character) => character > "\u007f"));
if (foreign !== undefined) throw new Error(`the program has characters beyond ASCII; write them as \\uXXXX: ${foreign.trim()}`);
const digest = createHash("sha256").update(script).digest("hex");
const builtProgram = { PROGRAM_DIGEST: JSON.stringify(digest), PROGRAM_SCRIPTS: JSON.stringify(scripts) };

await build({
  ...common,
  entryPoints: { cli: "bin/lib/launch.ts" },
  outdir: "dist",
  // Few starts log in to a host: that part is a file of its own.
  splitting: true,
  minifyWhitespace: true,
  format: "esm",
  define: { ...common.define, ...builtProgram },
  plugins: [builtinParts],
});
// What starts it in the one-file binary (bin/package).
await build({
  ...common,
  entryPoints: { binary: "bin/lib/launch-binary.ts" },
  outdir: "dist",
  outExtension: { ".js": ".cjs" },
  format: "cjs",
  define: { ...common.define, ...builtProgram, "import.meta.url": "__filename" },
  plugins: [builtinParts],
});
writeFileSync(`${checkout}/dist/program.cjs`, script);
writeFileSync(`${checkout}/dist/program.cjs.map`, JSON.stringify({ version: 3, sections }));

const library = await build({
  ...common,
  entryPoints: ["src/index.ts"],
  outdir: "dist",
  splitting: true,
  format: "esm",
  metafile: true,
  plugins: [compiledSchema],
  // Packages of the older kind of module ask for Node's parts with require.
  banner: { js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);' },
});

// Whose licences a package has to contain.
const inputs = [program, ...parts, library].flatMap(({ metafile }) => Object.keys(metafile?.inputs ?? {}));
const packages = new Set(inputs.flatMap((path) => /^(?:.*\/)?node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []));
writeFileSync(`${checkout}/dist/bundled-packages.json`, `${JSON.stringify([...packages].sort())}\n`);
