/**
 * The words of a text, separated by blanks and line ends. Quotes group: `'a b'` and `"a b"` are one word each. Nothing else has a meaning
 * and no shell reads the result. Throws an Error for a quote that is not closed.
 */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < text.length; at++) {
    const character = text[at] as string;
    if (character === "'" || character === '"') {
      const end = text.indexOf(character, at + 1);
      if (end < 0) throw new Error(`The quote ${character} at character ${at + 1} of ${JSON.stringify(text)} is not closed.`);
      word = (word ?? "") + text.slice(at + 1, end);
      at = end;
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? "") + character;
    }
  }
  return word === undefined ? words : [...words, word];
}
