import { Lexer } from "yaml";

/**
 * Offset of the first bracket below more than `deepest` others. Brackets are counted before parsing because the parser's time
 * grows with the square of their depth.
 */
export function tooDeepBracket(text: string, deepest: number): number | undefined {
  if (!hasMoreBrackets(text, deepest)) return undefined;
  let depth = 0;
  let offset = 0;
  for (const token of new Lexer().lex(text)) {
    if (token === "[" || token === "{") depth += 1;
    if (token === "]" || token === "}") depth -= 1;
    if (depth > deepest) return offset;
    // Marks that are not part of the text: start of a document, of a flow error, of a scalar.
    if (token !== "\u0002" && token !== "\u0018" && token !== "\u001f") offset += token.length;
  }
  return undefined;
}

function hasMoreBrackets(text: string, limit: number): boolean {
  let count = 0;
  for (const _ of text.matchAll(/[[{]/g)) if (++count > limit) return true;
  return false;
}
