import { existsSync } from "node:fs";
import type { GivenInput } from "../config/variables/given.ts";
import type { ConfiguredNames } from "../kinds/config/configured-names.ts";
import { formatNames } from "../report/index.ts";
import type { CommandDefinition } from "./command.ts";
import { hostPaths } from "./host-paths.ts";
import { commands } from "./index.ts";
import type { Io } from "./io.ts";
import { isPath } from "./names-and-paths.ts";
import { variableInputs } from "./open-session.ts";
import { parseInvocation } from "./parse-invocation.ts";
import { usageSlots } from "./usage-slots.ts";
import { type WantedWords, wantedWords } from "./wanted-words.ts";

/** The line that asks the shell for the names of files. No other candidate begins with a colon. */
const files = ":files";

/** Candidates for a word, each with what it is for. */
type Candidates = readonly (readonly [text: string, about: string])[];

/**
 * `virtform __complete WORD…`, for the scripts of `virtform completion`: prints what may stand in place of the last word, one per line with
 * what it is for behind a tab. It reads the configuration and contacts no host. Mistakes give no candidates, and never an error.
 */
export async function complete(words: readonly string[], io: Io): Promise<number> {
  try {
    const lines = await candidatesFor(joined(words), io);
    io.stdout.write(lines.map(([text, about]) => `${about === "" ? text : `${text}\t${about}`}\n`).join(""));
  } catch {
    // A shell would print the message into the line that is being written.
  }
  return 0;
}

/** The words without the breaks that bash makes at each equals sign: `--target`, `=`, `web` → `--target=web`. */
function joined(words: readonly string[]): string[] {
  const whole: string[] = [];
  let open = false;
  for (const word of words) {
    const continues = (open || word === "=") && whole.length > 0;
    if (continues) whole.push(`${whole.pop()}${word}`);
    else whole.push(word);
    open = word === "=";
  }
  return whole;
}

async function candidatesFor(words: readonly string[], io: Io): Promise<Candidates> {
  const [name = "", ...rest] = words;
  if (name.startsWith("-chdir=") && rest.length > 0) return inDirectory(name.slice("-chdir=".length), rest, io);
  if (name === "-C" && rest.length === 1) return [[files, ""]];
  if (name === "-C" && rest[0] !== undefined) return inDirectory(rest[0], rest.slice(1), io);
  const known = Object.entries(commands).map(([command, { summary }]) => [command, summary] as const);
  if (rest.length === 0) return fitting([...known, ...besideCommands], name);
  if (name === "help") return rest.length === 1 ? fitting(known, rest[0] ?? "") : [];
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (entry === undefined) return [];
  const definition = await entry.load();
  const formats = formatNames(name);
  const reports = formats.filter((format) => format !== "tui");
  const wanted = wantedWords(definition, rest, { command: name, formats, reports, isPath });
  const fromConfig = await configured(wanted, { name, definition, earlier: rest.slice(0, -1), io });
  const typed = (rest.at(-1) ?? "").slice(wanted.prefix.length);
  const texts = fitting([...wanted.texts, ...fromConfig], typed).filter(([text]) => !wanted.given.includes(text));
  const asksForFiles = wanted.kinds.some((kind) => ["PATH", "FILE", "PLANFILE", "DIR"].includes(kind));
  return [...texts.map(([text, about]) => [`${wanted.prefix}${text}`, about] as const), ...(asksForFiles ? [[files, ""] as const] : [])];
}

const besideCommands: Candidates = [
  ["help", "Show the help of a command"],
  ["--help", "Show the commands"],
  ["--version", "Print the version"],
  ["-C", "Run in another directory"],
];

function inDirectory(directory: string, words: readonly string[], io: Io): Promise<Candidates> {
  process.chdir(directory);
  return candidatesFor(words, io);
}

function fitting(candidates: Candidates, typed: string): Candidates {
  return candidates.filter(([text]) => text.startsWith(typed));
}

interface Written {
  readonly name: string;
  readonly definition: CommandDefinition;
  readonly earlier: readonly string[];
  readonly io: Io;
}

/** What the configuration adds: it is read only for kinds of words that it has. */
async function configured({ kinds, positionals }: WantedWords, { name, definition, earlier, io }: Written): Promise<Candidates> {
  if (!kinds.some((kind) => ["NAME", "ADDR", "IMAGE", "VARIABLE"].includes(kind))) return [];
  const [{ loadConfig }, { configRules }, { configuredNames }] = await Promise.all([
    import("../config/load.ts"),
    import("../kinds/rules.ts"),
    import("../kinds/config/configured-names.ts"),
  ]);
  const { paths, given, hosts } = inputs(name, definition, earlier);
  const namesFirst = usageSlots(definition.usage)[0]?.kinds.includes("PATH") !== true;
  const places = [...positionals.filter((word) => isPath(word) || (!namesFirst && existsSync(word))), ...paths];
  const of = hosts.length === 0 ? [["", places] as const] : [...hostPaths(hosts)].map(([host, own]) => [`${host}/`, own] as const);
  const all = await Promise.all(
    of.map(async ([prefix, own]) => ({
      loaded: await loadConfig(own, { ...configRules(), ...variableInputs(io), given }),
      prefix: of.length === 1 ? "" : prefix,
    })),
  );
  return all.flatMap(({ loaded, prefix }) => candidatesIn(kinds, loaded.variables, configuredNames(loaded.config), prefix));
}

/** The words of these kinds that one configuration has. `prefix`: the host, where there are several. */
function candidatesIn(
  kinds: readonly string[],
  variables: readonly { readonly name: string }[],
  names: ConfiguredNames,
  prefix: string,
): Candidates {
  const about = (texts: readonly string[], what: string) => texts.map((text) => [`${prefix}${text}`, what] as const);
  return kinds.flatMap((kind): Candidates => {
    if (kind === "NAME") return about(names.instances, "instance");
    if (kind === "IMAGE") return about(names.images, "image");
    if (kind === "VARIABLE") return variables.flatMap(({ name }) => (/^\w+$/.test(name) ? [[`${name}=`, "variable"] as const] : []));
    if (kind !== "ADDR") return [];
    return [
      ...about(names.instances, "instance"),
      ...about(names.volumes, "volume"),
      ...about(names.images, "image"),
      ...about(names.addresses, ""),
    ];
  });
}

/** What the words before give for reading the configuration. */
function inputs(name: string, definition: CommandDefinition, earlier: readonly string[]) {
  try {
    const invocation = parseInvocation(name, definition, earlier);
    if (invocation === "help") return { paths: [], given: [], hosts: [] };
    const given = invocation
      .ordered("var", "var-file")
      .map(({ option, value }): GivenInput => (option === "var" ? { pair: value } : { file: value }));
    return { paths: invocation.texts("path"), given, hosts: invocation.texts("host") };
  } catch {
    return { paths: [], given: [], hosts: [] };
  }
}
