/** A key, reduced to what the views tell apart. `text` is one character. */
export type Key =
  | { readonly name: "up" | "down" | "left" | "right" | "page-up" | "page-down" | "home" | "end" }
  | { readonly name: "enter" | "escape" | "backspace" | "interrupt" }
  | { readonly name: "text"; readonly text: string };

/** Turns what a terminal sends into keys. */
export interface KeyParser {
  /** The keys in the next piece of input; several when characters arrive together, as pasted or sent by a script. */
  parse(text: string): Key[];
  /** Whether the last piece may be the start of a sequence. */
  readonly pending: boolean;
  /** The key that such a start is when nothing follows it. */
  flush(): Key[];
}

/** A parser of its own state. Pure besides that. */
export function keyParser(): KeyParser {
  let rest = "";
  return {
    parse(text) {
      const all = rest + text;
      const cut = unfinished.exec(all)?.index ?? all.length;
      rest = all.slice(cut);
      return [...all.slice(0, cut).matchAll(tokens)].flatMap(([token]) => keysOf(token));
    },
    get pending() {
      return rest !== "";
    },
    flush() {
      const keys = rest === "\u001b" ? keysOf(rest) : [];
      rest = "";
      return keys;
    },
  };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what this looks for
const tokens = /\u001b\[[0-9;]*[A-Za-z~]|\u001bO[A-Za-z]|\u001b\u001b|\u001b.|[\s\S]/gu;
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what this looks for
const unfinished = /\u001b(?:\[[0-9;]{0,16}|O)?$/;

const named: Readonly<Record<string, Exclude<Key["name"], "text">>> = {
  "[A": "up",
  OA: "up",
  "[B": "down",
  OB: "down",
  "[C": "right",
  OC: "right",
  "[D": "left",
  OD: "left",
  "[5~": "page-up",
  "[6~": "page-down",
  "[H": "home",
  OH: "home",
  "[1~": "home",
  "[7~": "home",
  "[F": "end",
  OF: "end",
  "[4~": "end",
  "[8~": "end",
  "[3~": "backspace",
};

const characters: Readonly<Record<string, Exclude<Key["name"], "text">>> = {
  "\r": "enter",
  "\n": "enter",
  "\u0003": "interrupt",
  "\u0008": "backspace",
  "\u007f": "backspace",
  "\u001b": "escape",
  "\u001b\u001b": "escape",
};

/** None for a key that means nothing to the views. */
function keysOf(token: string): Key[] {
  const name = characters[token] ?? (token.startsWith("\u001b") ? named[token.slice(1)] : undefined);
  if (name !== undefined) return [{ name }];
  return token < " " ? [] : [{ name: "text", text: token }];
}
