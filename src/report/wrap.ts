/** Text broken between words into lines of at most `width` characters; line ends in it are kept, longer words stand alone. */
export function wrap(text: string, width: number): string[] {
  return text
    .trimEnd()
    .split(/\r?\n/)
    .flatMap((paragraph) => wrapParagraph(paragraph.replaceAll("\t", "  "), width));
}

function wrapParagraph(paragraph: string, width: number): string[] {
  const indent = /^ */.exec(paragraph)?.[0] ?? "";
  const lines: string[] = [];
  let line = "";
  for (const word of paragraph.split(" ").filter((part) => part !== "")) {
    if (line !== "" && indent.length + line.length + 1 + word.length > width) {
      lines.push(indent + line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  lines.push(line === "" ? "" : indent + line);
  return lines;
}
