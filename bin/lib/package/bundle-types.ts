import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { checkout } from "./project.ts";

/** Packages whose declarations the library needs, and the folder with them. They are copied, so that the library depends on no package. */
const copied: Readonly<Record<string, string>> = { "json-schema-to-ts": "lib/types", "ts-algebra": "lib" };

const specifier = /(\bfrom |\bimport\()(["'])([^"']+)\2/g;

/**
 * Writes the declarations that `dist/types/index.d.ts` leads to into `to/types`, with those of packages below `to/types/packages`. Throws for a
 * package that is not `copied`.
 */
export function bundleTypes(to: string): void {
  const types = join(to, "types");
  for (const [name, folder] of Object.entries(copied)) {
    const from = join(checkout, "node_modules", name, folder);
    for (const file of globSync("**/*.d.ts", { cwd: from }))
      write(join(types, "packages", name, file), readFileSync(join(from, file), "utf8"));
  }
  // Their own imports are those of the older kind of module.
  writeFileSync(join(types, "packages/package.json"), '{ "type": "commonjs" }\n');
  const waiting = ["index.d.ts"];
  const seen = new Set(waiting);
  for (const path of waiting) {
    const text = readFileSync(join(checkout, "dist/types", path), "utf8");
    write(join(types, path), text);
    for (const [, , , name = ""] of text.matchAll(specifier)) {
      if (!name.startsWith(".")) continue;
      const target = declaration(join(dirname(path), name));
      if (!seen.has(target)) waiting.push(target);
      seen.add(target);
    }
  }

  function write(path: string, text: string): void {
    const place = dirname(path);
    mkdirSync(place, { recursive: true });
    const resolved = text.replaceAll(specifier, (all, before, quote, name) => {
      if (name.startsWith(".") || name.startsWith("node:")) return all;
      if (!Object.hasOwn(copied, name))
        throw new Error(`the declarations of the library need the package ${name} (${relative(types, path)})`);
      const target = relative(place, join(types, "packages", name, "index.js"));
      return `${before}${quote}${target.startsWith(".") ? target : `./${target}`}${quote}`;
    });
    writeFileSync(path, resolved);
  }
}

/** The file with the declarations of a module, below `dist/types`. */
function declaration(path: string): string {
  const file = path.replace(/\.(?:ts|js)$/, ".d.ts");
  if (!existsSync(join(checkout, "dist/types", file))) throw new Error(`dist/types has no ${file}`);
  return file;
}
