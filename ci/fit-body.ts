/**
 * A Markdown report of at most `longest` characters. The reports of virtform already have the losses and restarts first, so what is cut is
 * the end: at a line, with open code blocks and `<details>` closed, and with a notice that says where the rest is.
 */
export function fitBody(text: string, longest: number, rest: string): string {
  if (text.length <= longest) return text;
  const notice = `\n\n> **This report is cut:** it has ${text.length} characters, and at most ${longest} can be shown here. ${rest}\n`;
  const cut = (lines: readonly string[]) => `${lines.join("\n")}${closing(lines)}${notice}`;
  const lines: string[] = [];
  let length = notice.length;
  for (const line of text.split("\n")) {
    length += line.length + 1;
    if (length > longest) break;
    lines.push(line);
  }
  while (lines.length > 0 && cut(lines).length > longest) lines.pop();
  return cut(lines);
}

/** What closes the code block and the `<details>` that are open after these lines. */
function closing(lines: readonly string[]): string {
  let fence = "";
  let details = 0;
  for (const line of lines) {
    const [mark = ""] = /^`{3,}/.exec(line) ?? [];
    if (fence === "") {
      fence = mark;
      if (mark === "") details += (line.match(/<details>/g)?.length ?? 0) - (line.match(/<\/details>/g)?.length ?? 0);
    } else if (line === fence) {
      fence = "";
    }
  }
  return `${fence === "" ? "" : `\n${fence}`}${"\n\n</details>".repeat(Math.max(details, 0))}`;
}
