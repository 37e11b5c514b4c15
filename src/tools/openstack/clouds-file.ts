import { parse } from "yaml";
import type { CloudInputs } from "../../model/cloud-door.ts";
import { userError } from "../../model/errors.ts";

/** A file with settings of clouds. */
export interface CloudsFile {
  readonly path: string;
  /** Values are texts, as they are written: a password of digits is no number. Keys have underscores in place of hyphens. */
  readonly content: unknown;
}

/** The first file of this name that exists, in the places where OpenStack's clients look; `named`: asked before these. Throws a UserError (`cloud-invalid`). */
export function findCloudsFile({ directories, readText }: CloudInputs, base: string, named: string | undefined): CloudsFile | undefined {
  const paths = [
    ...(named === undefined ? [] : [named]),
    ...directories.flatMap((directory) => ["yaml", "yml", "json"].map((ending) => `${directory}/${base}.${ending}`)),
  ];
  for (const path of paths) {
    const text = readText(path);
    if (text !== undefined) return { path, content: parsed(path, text) };
  }
  return undefined;
}

function parsed(path: string, text: string): unknown {
  try {
    // Warnings show the line as well, and are printed: `password: !x` is a tag without a value for YAML.
    return withUnderscores(parse(text, { schema: "failsafe", customTags: ["null", "merge"], maxAliasCount: 100, logLevel: "error" }), 0);
  } catch (error) {
    // The message of the parser shows the line, which may hold a password.
    const line = (error as { linePos?: readonly { line: number }[] }).linePos?.[0]?.line;
    const where = line === undefined ? "" : ` The first mistake is in line ${line}.`;
    throw userError("cloud-invalid", `${path} is not YAML`, `It has the settings of clouds.${where}`);
  }
}

/** Names of clouds, at the second level, are kept. */
function withUnderscores(value: unknown, level: number): unknown {
  if (!isSection(value)) return Array.isArray(value) ? value.map((one: unknown) => withUnderscores(one, level)) : value;
  const entries = Object.entries(value).map(([key, below]) => [
    level < 2 ? key : key.replaceAll("-", "_"),
    withUnderscores(below, level + 1),
  ]);
  return Object.fromEntries(entries);
}

/** Whether a value of the file has keys. */
export function isSection(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
