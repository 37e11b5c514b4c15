import { readFileSync } from "node:fs";
import { originalPlaces } from "./original-places.ts";

/** What the built program has in place of `src/model/original-stack.ts`. A map that is missing costs the places only: the bug is shown all the same. */
export function originalStack(stack: string): string {
  try {
    return originalPlaces(stack, JSON.parse(sourceMap()));
  } catch {
    return stack;
  }
}

/** In the one-file binary, Node keeps it as a part of itself. */
function sourceMap(): string {
  const sea = process.getBuiltinModule("node:sea");
  return sea.isSea() ? sea.getAsset("program.cjs.map", "utf8") : readFileSync(new URL("program.cjs.map", import.meta.url), "utf8");
}
