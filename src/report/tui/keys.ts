/** A key, reduced to what the views tell apart. `text` is one character. */
export type Key =
  | { readonly name: "up" | "down" | "left" | "right" | "page-up" | "page-down" | "home" | "end" }
  | { readonly name: "enter" | "escape" | "backspace" | "interrupt" }
  | { readonly name: "text"; readonly text: string };

/** What ink hands over for a key press, as far as it matters here. */
export interface InkKey {
  readonly upArrow: boolean;
  readonly downArrow: boolean;
  readonly leftArrow: boolean;
  readonly rightArrow: boolean;
  readonly pageUp: boolean;
  readonly pageDown: boolean;
  readonly home: boolean;
  readonly end: boolean;
  readonly return: boolean;
  readonly escape: boolean;
  readonly backspace: boolean;
  readonly delete: boolean;
  readonly ctrl: boolean;
}

/** The keys that were pressed: several when characters arrive together, as pasted or sent by a script; none when they mean nothing to us. */
export function toKeys(input: string, key: InkKey): Key[] {
  if (key.ctrl) return input === "c" ? [{ name: "interrupt" }] : [];
  const named = names.find(([flag]) => key[flag]);
  if (named !== undefined) return [{ name: named[1] }];
  return [...input].flatMap((character): Key[] => {
    const special = characters[character];
    if (special !== undefined) return [{ name: special }];
    return character < " " ? [] : [{ name: "text", text: character }];
  });
}

const names = [
  ["upArrow", "up"],
  ["downArrow", "down"],
  ["leftArrow", "left"],
  ["rightArrow", "right"],
  ["pageUp", "page-up"],
  ["pageDown", "page-down"],
  ["home", "home"],
  ["end", "end"],
  ["return", "enter"],
  ["escape", "escape"],
  ["backspace", "backspace"],
  ["delete", "backspace"],
] as const;

const characters: Readonly<Record<string, "enter" | "interrupt" | "backspace">> = {
  "\r": "enter",
  "\n": "enter",
  "\u0003": "interrupt",
  "\u007f": "backspace",
};
