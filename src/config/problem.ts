import type { Pointer } from "../model/pointer.ts";

export type { Pointer } from "../model/pointer.ts";

/** A mistake at a place of the configuration, before it is known which line of which file that is. */
export interface Problem {
  readonly severity?: "warning";
  readonly code: string;
  readonly summary: string;
  readonly detail?: string;
  readonly pointer: Pointer;
  /** Whether the key is wrong or the value. A value that is a whole mapping or list is shown by its key anyway. */
  readonly of: "key" | "value";
  /** Of an unknown key: the key that was probably meant. */
  readonly meant?: string;
  /** Of a missing key: its name. */
  readonly missing?: string;
  /** The text may be a secret: only its place is shown. */
  readonly hidden?: true;
}

/** A pointer for people: `instances.web.networks[0].mac`, `flavors["m1.small"].ram`. */
export function describePointer(pointer: Pointer): string {
  if (pointer.length === 0) return "the configuration";
  return pointer.reduce<string>((path, step) => {
    if (typeof step === "number") return `${path}[${step}]`;
    if (!/^[\w-]+$/.test(step)) return `${path}[${JSON.stringify(step)}]`;
    return path === "" ? step : `${path}.${step}`;
  }, "");
}

/** The end of a message about a word that is not among those that are possible. Empty when nothing is known. */
export function suggestion(meant: string | undefined, possible: readonly string[]): string {
  if (meant !== undefined) return ` Did you mean ${JSON.stringify(meant)}?`;
  if (possible.length === 0) return "";
  const shown = possible.slice(0, 20).join(", ");
  return ` Possible: ${shown}${possible.length > 20 ? ", …" : ""}.`;
}
