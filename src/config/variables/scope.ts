import type { Located } from "../located.ts";

/** What names in an expression stand for. */
export interface Scope {
  /** A declared variable; undefined where none of that name is declared. Throws a ReportedFault for one without a valid value. */
  readonly variable: (name: string) => Located | undefined;
  readonly variables: readonly string[];
  /** A local value, evaluated at its first use. Throws a ReportedFault for one that has none. */
  readonly local: (name: string, at: number) => Located | undefined;
  readonly locals: readonly string[];
  /** Which copy of an entry is evaluated, as a sentence for messages. */
  readonly note?: string;
  /** Of a copy that `for_each` makes. */
  readonly each?: { readonly key: string; readonly value: Located };
  /** Of a copy that `count` makes. */
  readonly index?: number;
}
