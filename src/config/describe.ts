import type { Located } from "./located.ts";
import { originOf } from "./variables/expand.ts";

/** A line of a configuration that is written out. */
export interface ConfigLine {
  /** YAML, indented. */
  readonly text: string;
  /** Where it is written. Absent for the further lines of a text. */
  readonly from?: string;
  /** Where the value comes from, if that is not where it is written. */
  readonly note?: string;
}

/** The configuration as YAML, a line for each key, item and line of a text. */
export function describeConfig(root: Located): ConfigLine[] {
  return linesOf(root, "");
}

function linesOf(node: Located, margin: string): ConfigLine[] {
  return [...node.entries].flatMap(([step, entry]): ConfigLine[] => {
    const { node: value, key } = entry;
    const from = originOf(key ?? value.span);
    const note = value.note === undefined ? {} : { note: value.note };
    const head = typeof step === "number" ? `${margin}-` : `${margin}${word(step)}:`;
    if (value.kind === "scalar") {
      const [first = "", ...more] = scalarLines(value.scalar, `${margin}  `);
      return [{ text: `${head} ${first}`, from, ...note }, ...more.map((text) => ({ text }))];
    }
    if (value.entries.size === 0) return [{ text: `${head} ${value.kind === "map" ? "{}" : "[]"}`, from, ...note }];
    return [{ text: head, from, ...note }, ...linesOf(value, `${margin}  `)];
  });
}

function scalarLines(value: unknown, margin: string): string[] {
  if (typeof value !== "string") return [value === null || value === undefined ? "null" : String(value)];
  return textLines(
    value.replaceAll("${", () => "$${"),
    margin,
  );
}

function textLines(value: string, margin: string): string[] {
  if (!/\n/.test(value.slice(0, -1)) || !value.endsWith("\n") || /[^\n\x20-\x7e\u00a0-\ud7ff]|\n\n$|^\s/.test(value)) return [word(value)];
  return [
    "|",
    ...value
      .slice(0, -1)
      .split("\n")
      .map((line) => (line === "" ? "" : `${margin}${line}`)),
  ];
}

/** A text as a plain YAML scalar where that is safe, else in double quotes. */
function word(text: string): string {
  const isPlain =
    /^[A-Za-z_./][\w./@%+-]*(:[\w./@%+-]+)*$/.test(text) &&
    !/^(true|false|null|yes|no|on|off|~|y|n)$/i.test(text) &&
    !/^\.(inf|nan)$/i.test(text);
  return isPlain || /^\d+(\.\d+)?(B|KiB|MiB|GiB|TiB)$/.test(text) ? text : JSON.stringify(text);
}
