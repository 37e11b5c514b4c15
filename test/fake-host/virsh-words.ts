/** Cuts one line of virsh's prompt into commands and words, as virsh does: quotes, backslashes, semicolons. Undefined: a quote is open. */
export function virshCommands(line: string): string[][] | undefined {
  const commands: string[][] = [[]];
  let word: string | undefined;
  let quote = "";
  const endWord = () => {
    if (word !== undefined) commands.at(-1)?.push(word);
    word = undefined;
  };
  for (let at = 0; at < line.length; at += 1) {
    const character = line[at] ?? "";
    if (quote === "'") {
      if (character === "'") quote = "";
      else word += character;
    } else if (character === "\\") {
      at += 1;
      word = (word ?? "") + (line[at] ?? "");
    } else if (quote === '"') {
      if (character === '"') quote = "";
      else word += character;
    } else if (character === "'" || character === '"') {
      quote = character;
      word ??= "";
    } else if (character === ";" || character === " " || character === "\t") {
      endWord();
      if (character === ";") commands.push([]);
    } else word = (word ?? "") + character;
  }
  if (quote !== "") return undefined;
  endWord();
  return commands.filter((command) => command.length > 0);
}
