/** A part of a JSON Schema, as far as this folder looks into it. */
export interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly pattern?: string;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  /** The value names an entry of this top-level section. */
  readonly reference?: string;
  /** The value is a size, and so are both bounds. */
  readonly quantity?: { readonly minimum?: string; readonly multipleOf?: string };
  /** The value is a digest with its algorithm in front. */
  readonly digest?: true;
  /** The value is a path or a URL; a relative path becomes absolute, as seen from the file that holds it. */
  readonly path?: "absolute";
  /** The value is the path of a text file, whose text takes its place under this sibling key. */
  readonly readInto?: string;
  /** Text given inline, as a path, or by reference. `maximumEncoded` bounds its length in base64. */
  readonly textInput?: { readonly maximumEncoded: number };
  /** No two objects may share the value, so it cannot stand beside a count above one either. */
  readonly unique?: true;
  /** Makes no sense beside a count above one. */
  readonly notCounted?: true;
  /** On a section: the property by which one entry becomes several, `web` with 2 being `web-0` and `web-1`. */
  readonly counted?: string;
  /** The value is an address, and must not hold a user name or password. */
  readonly credentials?: "refused";
  /** The value may hold a secret and is never echoed. */
  readonly secret?: true;
  /** Keys (of an object) or values (of a string) that belong to the format and that this version does not carry out. */
  readonly notYet?: readonly string[];
  /** What belongs here, in words that complete "expected …". */
  readonly expects?: string;
}

/** The keywords above that JSON Schema does not know. */
export const ownKeywords: readonly string[] = [
  "reference",
  "quantity",
  "digest",
  "path",
  "readInto",
  "textInput",
  "unique",
  "notCounted",
  "counted",
  "credentials",
  "secret",
  "notYet",
  "expects",
];
