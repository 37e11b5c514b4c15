import { escapeControls } from "../model/escape-controls.ts";

/**
 * Text of a Markdown document that reads as it is written, whatever a guest or a file put into it: no line ends, no mentions. What stands between
 * two backticks is code.
 */
export function plainMarkdown(text: string): string {
  const parts = text.split(/`([^`]+)`/);
  return parts.map((part, index) => (index % 2 === 1 ? inlineCode(part) : escapeMarkdown(part))).join("");
}

function escapeMarkdown(text: string): string {
  return unlinked(escapeEntities(text).replace(/[\\`*_[\]|~#]/g, "\\$&"));
}

/** Text within an HTML block of a Markdown document. No line ends, no mentions. */
export function plainHtml(text: string): string {
  return unlinked(escapeEntities(text));
}

/** Text as code within an HTML block. */
export function htmlCode(text: string): string {
  return `<code>${escapeEntities(text)}</code>`;
}

/** Text as code within a line: the delimiter is longer than any run of backticks in it. */
export function inlineCode(text: string): string {
  const shown = escapeControls(text);
  const fence = fenceFor(shown, 1);
  const pad = shown.startsWith("`") || shown.endsWith("`") ? " " : "";
  return `${fence}${pad}${shown}${pad}${fence}`;
}

/** Lines as a block of code in this language. */
export function codeBlock(language: string, lines: readonly string[]): string {
  const text = lines.map((line) => escapeControls(line, "\t")).join("\n");
  const fence = fenceFor(text, 3);
  return `${fence}${language}\n${text}\n${fence}\n`;
}

/** Breaks mentions and addresses with a space of no width. */
function unlinked(text: string): string {
  return text.replaceAll("@", "@\u200b").replaceAll("://", ":\u200b//");
}

function escapeEntities(text: string): string {
  return escapeControls(text).replace(/[&<>]/g, (character) => entities[character] ?? character);
}

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

function fenceFor(text: string, least: number): string {
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  return "`".repeat(Math.max(least, longest + 1));
}
