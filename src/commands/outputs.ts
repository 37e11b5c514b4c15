import { stripVTControlCharacters } from "node:util";
import type { Output } from "../report/options.ts";
import type { Io } from "./io.ts";
import { useColor } from "./use-color.ts";

/** Where a command writes, and whether in colours: standard error that goes into a file gets none, whatever standard output is. */
export function outputs(
  { stdout, stderr, env }: Io,
  noColor: boolean,
): { readonly stdout: Output; readonly stderr: Output; readonly color: boolean } {
  const color = useColor(stdout, env, noColor);
  const plain: Output = { write: (text) => stderr.write(stripVTControlCharacters(text)) };
  return { stdout, stderr: color && !useColor(stderr, env, noColor) ? plain : stderr, color };
}
