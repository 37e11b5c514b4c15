import { stripVTControlCharacters } from "node:util";
import type { Output } from "../report/options.ts";
import { useColor } from "./use-color.ts";

/** Where a command writes, and whether in colours: standard error that goes into a file gets none, whatever standard output is. */
export function outputs(noColor: boolean): { readonly stdout: Output; readonly stderr: Output; readonly color: boolean } {
  const { stdout, stderr } = process;
  const color = useColor(stdout, noColor);
  const plain: Output = { write: (text) => stderr.write(stripVTControlCharacters(text)) };
  return { stdout, stderr: color && !useColor(stderr, noColor) ? plain : stderr, color };
}
