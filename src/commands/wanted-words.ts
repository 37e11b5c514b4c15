import type { CommandDefinition } from "./command.ts";
import { allOptions } from "./help.ts";
import { type Slot, usageSlots } from "./usage-slots.ts";

/** What may be written next on a command line. */
export interface WantedWords {
  /** What the word begins with that is not part of the value: `--target=`. */
  readonly prefix: string;
  /** Words that are known without a configuration, each with what it is for. */
  readonly texts: readonly (readonly [text: string, about: string])[];
  /** What else fits, as usages and options call it: `NAME`, `ADDR`, `IMAGE`, `PATH`. */
  readonly kinds: readonly string[];
  /** Words that were given already and are not offered again. */
  readonly given: readonly string[];
  /** The earlier words that are neither options nor their values. */
  readonly positionals: readonly string[];
}

/** What the completion of a command's words knows beside its definition. */
export interface KnownWords {
  readonly command: string;
  /** The names that `--format` takes. */
  readonly formats: readonly string[];
  /** The names that `--report` takes. */
  readonly reports: readonly string[];
  readonly isPath: (word: string) => boolean;
}

/** What may be written as the last of the words that follow a command's name; it is empty at the start of a word. Pure. */
export function wantedWords(definition: CommandDefinition, words: readonly string[], known: KnownWords): WantedWords {
  const options = Object.fromEntries(allOptions(known.command, definition));
  const earlier = readEarlier(options, words.slice(0, -1));
  const current = words.at(-1) ?? "";
  const { positionals } = earlier;
  const none: WantedWords = { prefix: "", texts: [], kinds: [], given: [], positionals };
  const [, prefix = "", name] = /^(--?([a-z-]+)=)/.exec(current) ?? [];
  const option = earlier.open ?? name;
  if (option !== undefined) {
    const before = earlier.open === undefined ? prefix : "";
    return { ...none, prefix: before, ...valuesOf(option, options, known, current.slice(before.length)) };
  }
  if (current.startsWith("-")) {
    const open = Object.entries(options).filter(([option, { multiple }]) => multiple === true || !earlier.options.includes(option));
    // Terraform writes long options with one dash: a started word of that form is completed in it.
    const dashes = /^-[a-z]/.test(current) ? "-" : "--";
    const texts = open.flatMap(([option, { short, help }]) => [
      ...(short === undefined ? [] : [[`-${short}`, firstSentence(help)] as const]),
      [`${dashes}${option}`, firstSentence(help)] as const,
    ]);
    return { ...none, texts };
  }
  const slots = usageSlots(
    definition.usage,
    earlier.options.map((option) => `--${option}`),
  );
  const open = openSlots(slots, positionals, known.isPath);
  const texts = open.flatMap(({ literals }) => literals.map((literal) => [literal, ""] as const));
  return { ...none, texts, kinds: open.flatMap(({ kinds }) => kinds), given: positionals };
}

/** The options and words before the last one, and the option whose value the last one is. */
function readEarlier(
  definitions: CommandDefinition["options"],
  words: readonly string[],
): { readonly options: readonly string[]; readonly positionals: readonly string[]; readonly open: string | undefined } {
  const options: string[] = [];
  const positionals: string[] = [];
  let open: string | undefined;
  for (const word of words) {
    if (open !== undefined) {
      open = undefined;
      continue;
    }
    if (!word.startsWith("-") || word === "-") {
      positionals.push(word);
      continue;
    }
    const [, written = "", value] = /^-{1,2}([^=]*)(=.*)?$/s.exec(word) ?? [];
    const option = Object.entries(definitions).find(([name, { short }]) => name === written || short === written);
    if (option === undefined) continue;
    const [name, { type, bare }] = option;
    options.push(name);
    if (type === "string" && bare === undefined && value === undefined) open = name;
  }
  return { options, positionals, open };
}

/** The places that the next word can have, after these. */
function openSlots(slots: readonly Slot[], positionals: readonly string[], isPath: (word: string) => boolean): Slot[] {
  const takesPath = ({ kinds }: Slot) => kinds.includes("PATH");
  let at = 0;
  let taken = 0;
  for (const word of positionals) {
    const here = slots[at];
    if (here === undefined) return [];
    const later = slots.findIndex((slot, index) => index > at && takesPath(slot));
    if (isPath(word) && !takesPath(here) && later !== -1) [at, taken] = [later, 0];
    taken += 1;
    if (slots[at]?.repeated !== true) [at, taken] = [at + 1, 0];
  }
  const open: Slot[] = [];
  for (const slot of slots.slice(at)) {
    open.push(slot);
    const canEnd = slot.optional || (slot.repeated && taken > 0);
    if (!canEnd) break;
    taken = 0;
  }
  return open;
}

function valuesOf(
  name: string,
  options: CommandDefinition["options"],
  known: KnownWords,
  typed: string,
): Pick<WantedWords, "texts" | "kinds"> {
  const plain = (text: string) => [text, ""] as const;
  const { value, values } = options[name] ?? {};
  if (values !== undefined) return { texts: values.map(plain), kinds: [] };
  if (name === "format") return { texts: known.formats.map(plain), kinds: [] };
  // The file comes after the name.
  if (name === "report" && typed.includes("=")) return { texts: [], kinds: ["FILE"] };
  if (name === "report") return { texts: known.reports.map((report) => plain(`${report}=`)), kinds: [] };
  if (name === "host") return { texts: [], kinds: typed.includes("=") ? ["PATH"] : [] };
  return { texts: [], kinds: value === undefined ? [] : [name === "var" ? "VARIABLE" : value] };
}

/** `Print JSON: files, variables.` → `Print JSON: files, variables`. */
function firstSentence(help: string): string {
  return help.split(/\.(?:\s|$)/)[0] ?? help;
}
