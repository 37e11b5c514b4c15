// Control characters, and characters that change the direction of text, U+2028 and U+2029 included.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
const controls = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * Text with every character that a terminal obeys written out as `\u001b`. For all text that a guest, an image or another machine can
 * have written: names, messages, logs. `keep` lists control characters that stay as they are.
 */
export function escapeControls(text: string, keep = ""): string {
  return text.replace(controls, (character) =>
    keep.includes(character) ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
