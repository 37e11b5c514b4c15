import type { Pointer } from "../model/pointer.ts";

export type { Pointer } from "../model/pointer.ts";

/** A mistake at a position of the configuration, before it has a file and line. */
export interface Problem {
  readonly severity?: "warning";
  readonly code: string;
  readonly summary: string;
  readonly detail: string;
  readonly pointer: Pointer;
  /** Whether the key or the value is wrong. A mapping or list is always shown by its key. */
  readonly of: "key" | "value";
  /** Of an unknown key: the key that was probably meant. */
  readonly meant?: string;
  /** Of an unknown name: the section that it is not in. */
  readonly section?: string;
  /** Of a missing key: its name. */
  readonly missing?: string;
  /** The remedy is to put what is written into quotes. */
  readonly quoted?: true;
  /** The text may be a secret, so only its place is shown. */
  readonly hidden?: true;
}

/** A pointer as text: `instances.web.networks[0].mac`, `flavors["m1.small"].ram`. */
export function describePointer(pointer: Pointer): string {
  if (pointer.length === 0) return "the configuration";
  return pointer.reduce<string>((path, step) => {
    if (typeof step === "number") return `${path}[${step}]`;
    if (!/^[\w-]+$/.test(step)) return `${path}[${JSON.stringify(step)}]`;
    return path === "" ? step : `${path}.${step}`;
  }, "");
}

/** The suggestion at the end of a message about an unknown word. Empty without possible words. */
export function suggestion(meant: string | undefined, possible: readonly string[]): string {
  if (meant !== undefined) return ` Did you mean ${JSON.stringify(meant)}?`;
  if (possible.length === 0) return "";
  const shown = possible.slice(0, 20).join(", ");
  return ` Possible: ${shown}${possible.length > 20 ? ", …" : ""}.`;
}
