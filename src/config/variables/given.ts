import { join, resolve } from "node:path";
import type { Diagnostic } from "../../model/diagnostic.ts";
import { lineTable } from "../line-table.ts";
import { type Located, placeOf, type SourceText, type Span, scalarNode } from "../located.ts";
import { parseYaml } from "../parse-yaml.ts";
import { readText } from "../read-text.ts";

/** Values for variables, from outside of the configuration. */
export interface VariableInputs {
  /** An environment, in which `VIRTFORM_VAR_NAME` is the value of NAME. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** What was given by hand, in order: the last one for a name counts, and each of them counts more than the environment. */
  readonly given?: readonly GivenInput[];
}

/** `NAME=VALUE`, or the path of a file that holds a mapping of names to values. */
export type GivenInput = { readonly pair: string } | { readonly file: string };

/** A value that was given. */
export interface Given {
  readonly node: Located;
  /** A text that still has to be read as the type of its variable wants it. */
  readonly isText: boolean;
  readonly key?: Span;
  /** The variable of the environment that it is in. It may belong to another configuration, so it can be unknown. */
  readonly variable?: string;
}

const longestFile = 4 * 1024 * 1024;
const prefix = "VIRTFORM_VAR_";

/** The values by name of variable. */
export async function collectGiven(
  { env = {}, given = [] }: VariableInputs,
  cwd: string,
): Promise<{ readonly values: ReadonlyMap<string, Given>; readonly diagnostics: readonly Diagnostic[] }> {
  const values = new Map<string, Given>();
  const diagnostics: Diagnostic[] = [];
  for (const [variable, text] of Object.entries(env)) {
    if (!variable.startsWith(prefix) || text === undefined) continue;
    values.set(variable.slice(prefix.length), { node: textNode(variable, text, cwd), isText: true, variable });
  }
  for (const input of given) {
    if ("pair" in input) {
      const at = input.pair.indexOf("=");
      const name = at < 0 ? "" : input.pair.slice(0, at).trim();
      if (name !== "") values.set(name, { node: textNode(`--var ${name}`, input.pair.slice(at + 1), cwd), isText: true });
      else
        diagnostics.push({
          severity: "error",
          code: "bad-variable",
          summary: "--var needs NAME=VALUE",
          detail: "For example --var env=prod.",
        });
      continue;
    }
    const read = await readText(resolve(cwd, input.file), longestFile, input.file);
    if ("problem" in read) {
      diagnostics.push({ severity: "error", ...read.problem });
      continue;
    }
    const { root, diagnostics: found } = parseYaml(input.file, resolve(cwd, input.file), read.text);
    diagnostics.push(...found);
    if (root?.kind === "map") {
      for (const [name, { node, key }] of root.entries)
        values.set(String(name), { node, isText: false, ...(key === undefined ? {} : { key }) });
    } else if (root !== undefined) {
      const detail = "A file of values has a line NAME: VALUE for each variable.";
      diagnostics.push({
        severity: "error",
        code: "not-a-mapping",
        summary: "The file is not a mapping",
        detail,
        at: placeOf(root.span, true),
      });
    }
  }
  return { values, diagnostics };
}

/** A text that is in no file. `label` says where it is. */
export function textNode(label: string, text: string, cwd: string): Located {
  const source: SourceText = { file: label, path: join(cwd, label), text, lines: lineTable(text), given: true };
  return { ...scalarNode(text, { source, start: 0, end: text.length }), dynamic: false };
}
