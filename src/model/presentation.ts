import { type Address, addressKind, addressName } from "./address.ts";
import type { FieldChange } from "./change.ts";
import type { Json } from "./json.ts";

/** How people see the objects of one address kind, or the things on a host that are not managed here and have this name. */
export interface Presentation {
  /** The words for one of them and for several. Default: the name, and the name with an s. */
  readonly noun?: readonly [one: string, several: string];
  /** Last parts of the paths of fields whose numbers are bytes. */
  readonly sizes?: ReadonlySet<string>;
  /** What a person reads of an object that is created or deleted. Default: every field, a line each. */
  readonly summary?: (fields: readonly FieldChange[]) => readonly SummaryLine[];
  /** What a person reads of an object that changes. Default: every field, a line each. */
  readonly condensed?: (fields: readonly FieldChange[]) => readonly FieldChange[];
  /** The paths in a state of the object whose values are secrets or references to them. Default: none. */
  readonly secrets?: (state: Json) => readonly string[];
  /** Whether a field follows from which object it is, such as a serial number: objects that differ in nothing else are alike. Default: none. */
  readonly isIdentity?: (path: string) => boolean;
  /** Paths of fields are statements about the object; where one holds and has no value of its own, it is `true`, which is not shown. */
  readonly statements?: true;
  /** For the parts of an instance: the name of the instance, from the name in the address. */
  readonly instanceOf?: (name: string) => string;
}

/** One line of a summary. */
export interface SummaryLine {
  readonly field: FieldChange;
  /** How many fields the line stands for. */
  readonly covers: number;
}

const presentations = new Map<string, Presentation>();

/** Says how something is presented, for as long as the result is not disposed of. Kinds do this when they are registered. */
export function present(name: string, presentation: Presentation): Disposable {
  presentations.set(name, presentation);
  return { [Symbol.dispose]: () => void presentations.delete(name) };
}

/** How objects of this address kind, or unmanaged things of this name, are presented. */
export function presentationOf(name: string): Presentation {
  return presentations.get(name) ?? {};
}

/** The name of the instance that an object is part of: `web-0` for `disk/web-0.root`; undefined for an object of its own. */
export function instanceOf(address: Address): string | undefined {
  return presentationOf(addressKind(address)).instanceOf?.(addressName(address));
}
