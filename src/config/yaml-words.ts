import { Lexer, type YAMLError } from "yaml";

/** What is said about a text that is not valid YAML. */
export interface YamlProblem {
  readonly code: string;
  readonly summary: string;
  readonly detail: string;
  /** Offset of the place to look at, which can be before that of the parser's error. */
  readonly start: number;
}

/** The problem behind an error of the parser: what is wrong in the words of someone who writes the file, and what to write instead. */
export function yamlProblem(error: Pick<YAMLError, "code" | "pos">, text: string): YamlProblem {
  const [start] = error.pos;
  const line = lineAt(text, start);
  const at = (code: string, summary: string, detail: string, place = start): YamlProblem => ({ code, summary, detail, start: place });
  const syntax = (summary: string, detail: string, place = start) => at("yaml-syntax", summary, detail, place);
  switch (error.code) {
    case "TAB_AS_INDENT":
      return at("yaml-tab", "Tab in the indentation", "YAML indentation must use spaces. Replace the tab.");
    case "RESOURCE_EXHAUSTION":
      return at("yaml-too-deep", "YAML nested too deeply", "A configuration has only a few levels. Check the indentation.");
    case "TAG_RESOLVE_FAILED": {
      const detail = "Tags (words that start with !) are not supported. Put the text in quotes if it is meant literally.";
      return at("yaml-tag", "Unsupported YAML tag", detail);
    }
    case "BAD_ALIAS": {
      const detail = "Text that starts with * refers to an anchor. Put it in quotes if it is meant literally.";
      return at("unknown-anchor", "Alias without an anchor", detail);
    }
    case "BAD_DQ_ESCAPE":
      return syntax(
        "Backslash in double quotes",
        "It begins an escape that YAML does not know. Use single quotes, or write \\\\ for a backslash.",
      );
    case "BAD_SCALAR_START":
      return syntax(
        `A value cannot begin with ${JSON.stringify(text[start] ?? "")}`,
        "YAML reserves this character. Put the value in quotes.",
      );
  }
  const template = text.indexOf("{{", line.start);
  if (template >= 0 && template <= start && template < line.end) {
    const detail = 'Text between {{ and }} is not evaluated. Write an expression in quotes, "${var.NAME}", or put the text in quotes.';
    return syntax("A template where YAML is expected", detail, template);
  }
  const expression = text.indexOf("${", line.start);
  if (expression >= 0 && expression <= start && expression < line.end) {
    const detail = 'Put the value in quotes: "${var.NAME}". Inside { } and [ ], YAML takes the brace for a mapping.';
    return syntax("An expression without quotes", detail, expression);
  }
  const open = openBefore(text, start);
  if (error.code === "MISSING_CHAR" && open.quote !== undefined) {
    const detail = `The text that begins here has no closing ${text[open.quote]} in its line. A quote inside it: use the other kind around it.`;
    return syntax("A quote is not closed", detail, open.quote);
  }
  if ((error.code === "MISSING_CHAR" || error.code === "BAD_INDENT") && open.bracket !== undefined) {
    const bracket = text[open.bracket] ?? "{";
    return syntax(
      `A ${bracket} is not closed`,
      `Its ${bracket === "{" ? "}" : "]"} is missing. Everything that follows is read as a part of it.`,
      open.bracket,
    );
  }
  const missingSpace = /^\s*(?:- )*([\w.-]+):[^\s:/]/.exec(line.text)?.[1];
  if (missingSpace !== undefined && (error.code === "MULTILINE_IMPLICIT_KEY" || error.code === "MISSING_CHAR"))
    return syntax("No space after a colon", `Write a space between ${missingSpace}: and its value.`);
  switch (error.code) {
    case "MULTILINE_IMPLICIT_KEY":
    case "KEY_OVER_1024_CHARS":
      return syntax(
        "A line without a colon",
        "A line begins with a key and a colon. Add the colon, or put a text of several lines in a block that begins with |.",
      );
    case "BLOCK_AS_IMPLICIT_KEY": {
      const next = deeperLine(text, line);
      if (next !== undefined) {
        const detail =
          "The line above has a value already, so nothing can be indented below it. Begin this line in the same column as that one.";
        return syntax("A line is indented too far", detail, next);
      }
      return syntax(
        "Two colons in one line",
        "Put a value that has a colon in quotes. A mapping goes into { }, or into lines of its own below the key.",
      );
    }
    case "BLOCK_IN_FLOW":
      return syntax(
        "A colon inside { } or [ ]",
        "A colon with a space behind it separates a key from its value. Put a text that has one in quotes.",
      );
    case "BAD_INDENT":
      return syntax(
        "The indentation fits no line above",
        "The keys of one mapping begin in the same column. Align this line with the key that it belongs to.",
      );
    case "UNEXPECTED_TOKEN":
      return syntax(
        "Something follows a value",
        "A value ends with its quote or bracket. Put the whole text in quotes, and use the other kind of quotes inside it.",
      );
    default:
      return syntax(
        "Not valid YAML",
        "The structure cannot be read here. Check the quotes, the brackets and the indentation of this line and of the one before.",
      );
  }
}

interface TextLine {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

function lineAt(text: string, offset: number): TextLine {
  const start = text.lastIndexOf("\n", offset - 1) + 1;
  const next = text.indexOf("\n", start);
  const end = next < 0 ? text.length : next;
  return { start, end, text: text.slice(start, end) };
}

/** The offset of the text of the next line, if it is indented further. */
function deeperLine(text: string, line: TextLine): number | undefined {
  if (line.end >= text.length) return undefined;
  const next = lineAt(text, line.end + 1);
  const [own, other] = [line.text.search(/\S/), next.text.search(/\S/)];
  return other > own ? next.start + other : undefined;
}

/** The last text in quotes that begins before an offset and does not end in its line, and the last bracket that is open there. */
function openBefore(text: string, offset: number): { readonly quote?: number; readonly bracket?: number } {
  let at = 0;
  let quote: number | undefined;
  const brackets: number[] = [];
  for (const token of new Lexer().lex(text)) {
    if (at >= offset && token !== "\u0018") break;
    if (token === "[" || token === "{") brackets.push(at);
    else if (token === "]" || token === "}") brackets.pop();
    else if (/^["']/.test(token) && (token.includes("\n") || token.length === 1 || !token.endsWith(token[0] ?? ""))) quote = at;
    if (token !== "\u0002" && token !== "\u0018" && token !== "\u001f") at += token.length;
  }
  const bracket = brackets.at(-1);
  return { ...(quote === undefined ? {} : { quote }), ...(bracket === undefined ? {} : { bracket }) };
}

/** Whether a line can be shown in a message: neither it nor a key that it is below names something secret. */
export function isShowable(text: string, offset: number): boolean {
  // Other lines may belong to a text that begins above.
  const isStructure = /^\s*(?:- |["']?[\w.-]+["']?\s*:|---|[[{\]}])/;
  const secret = /pass|secret|token|credential|private|:\/\/[^/\s]*@/i;
  let { text: line, start } = lineAt(text, offset);
  let indent = Math.max(0, line.search(/\S/));
  for (;;) {
    if (secret.test(line) || !isStructure.test(line)) return false;
    if (start === 0 || indent === 0) return true;
    do {
      ({ text: line, start } = lineAt(text, start - 1));
    } while (start > 0 && (line.trim() === "" || line.search(/\S/) >= indent));
    indent = Math.max(0, line.search(/\S/));
  }
}
