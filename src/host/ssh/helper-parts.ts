import { helperFiles } from "./helper-files.ts";
import { helperLocks } from "./helper-locks.ts";
import { helperPrograms } from "./helper-programs.ts";
import { helperUnpack } from "./helper-unpack.ts";

/** Further parts of the helper program, each needing those before it, with the requests that need it. */
export const helperParts: readonly { readonly ops: readonly string[]; readonly text: string }[] = [
  { ops: ["lock", "settle"], text: helperLocks },
  { ops: ["change", "finish", "swap"], text: helperFiles },
  { ops: ["digest", "copy", "run", "unpack"], text: helperPrograms + helperUnpack },
];
