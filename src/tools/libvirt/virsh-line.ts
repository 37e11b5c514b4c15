// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what is looked for
const control = /[\u0000-\u001f\u007f]/;
const plain = /^[A-Za-z0-9_.,:=@%+/-]+$/;

/**
 * One command for virsh's prompt from its words, quoted so that each word reaches virsh as it is. Throws a TypeError on
 * control characters: a line end would start a second command, and others are keys to the line editor.
 */
export function virshLine(words: readonly string[]): string {
  return words.map(quote).join(" ");
}

function quote(word: string): string {
  if (control.test(word)) throw new TypeError(`virsh cannot be given control characters: ${JSON.stringify(word)}`);
  if (plain.test(word)) return word;
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
