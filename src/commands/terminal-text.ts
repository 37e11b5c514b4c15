import { StringDecoder } from "node:string_decoder";
import { escapeControls } from "../model/escape-controls.ts";

/**
 * Makes a guest's output safe for a terminal, piece by piece. Line ends and tabs stay, sequences that only set colours are dropped, and
 * every other control character is escaped: a guest could otherwise rewrite the screen, the title or the clipboard of its reader.
 */
export function terminalText(): (piece: Uint8Array) => string {
  const decoder = new StringDecoder("utf8");
  // A sequence, or a line end, may be cut in two by the end of a piece.
  let rest = "";
  return (piece) => {
    const text = rest + decoder.write(Buffer.from(piece));
    const cut = unfinished.exec(text)?.index ?? text.length;
    rest = text.slice(cut);
    return escapeControls(text.slice(0, cut).replace(colours, "").replace(lineEnds, "\n"), "\n\t");
  };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what this looks for
const colours = /\u001b\[[0-9;]{0,32}m/g;
const lineEnds = /\r+\n/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what this looks for
const unfinished = /(?:\u001b(?:\[[0-9;]{0,32})?|\r{1,8})$/;
