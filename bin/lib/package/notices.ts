import { readdirSync, readFileSync } from "node:fs";
import { checkout } from "./project.ts";

/** Packages of which `bundleTypes` takes declarations. */
const onlyTypes = ["json-schema-to-ts", "ts-algebra"];

/**
 * The licences of the packages that the built program contains, as their authors ask for. Throws when a package has no text of its licence.
 */
export function notices(): string {
  const bundled: readonly string[] = JSON.parse(readFileSync(`${checkout}dist/bundled-packages.json`, "utf8"));
  const sections = [...bundled, ...onlyTypes].sort().map((name) => {
    const directory = `${checkout}node_modules/${name}`;
    const { version, license, author } = JSON.parse(readFileSync(`${directory}/package.json`, "utf8"));
    const file = readdirSync(directory).find((one) => /^licen[cs]e(?:[.-]|$)/i.test(one));
    const text = file === undefined ? withoutText(name, license, author) : readFileSync(`${directory}/${file}`, "utf8").trim();
    return `${name} ${version} (${license})\n\n${text}\n`;
  });
  return `virtform contains these packages:\n\n${sections.join(`\n${"-".repeat(80)}\n\n`)}`;
}

/** What a package without a file for its licence says in its package.json. */
function withoutText(name: string, license: unknown, author: unknown): string {
  const holder = typeof author === "string" ? author : (author as { readonly name?: string } | undefined)?.name;
  if (typeof license !== "string" || holder === undefined) throw new Error(`${name} says neither its licence nor its author`);
  return `Licence: ${license}\nCopyright ${holder}`;
}
