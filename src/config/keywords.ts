/** The keywords of a JSON Schema that this folder uses. */
export interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly pattern?: string;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  /** The value names an entry of this top-level section. */
  readonly reference?: string;
  /** The value is the earlier name of an entry of this top-level section: no entry has it, and no other one names it. */
  readonly formerly?: string;
  /** The value and both bounds are sizes. */
  readonly quantity?: { readonly minimum?: string; readonly multipleOf?: string };
  /** The value is a digest with the prefix of its algorithm. */
  readonly digest?: true;
  /** The value is a path or a URL; a relative path becomes absolute, relative to the file that contains it. */
  readonly path?: "absolute";
  /** The value is the path of a text file; the text replaces it under this sibling key. */
  readonly readInto?: string;
  /** The value is the path of a file; its bytes replace it, in base64, under this sibling key. */
  readonly bytesInto?: string;
  /**
   * Text given inline, as a path, or by reference. A file may also be gzip. `maximumEncoded` bounds the length in base64; `starts` are the
   * beginnings by which its reader recognises it.
   */
  readonly textInput?: { readonly maximumEncoded: number; readonly starts: readonly string[] };
  /** A longer value is valid, but worth a warning. `why` says what to expect and what to do. */
  readonly advisedLength?: { readonly maximum: number; readonly summary: string; readonly why: string };
  /** The value must be unique, and therefore cannot be combined with a count above one. */
  readonly unique?: true;
  /** Cannot be combined with a count above one. */
  readonly notCounted?: true;
  /** Of a section: the property that multiplies an entry: `web` with 2 is `web-0` and `web-1`. */
  readonly counted?: string;
  /** The value is an address, and must not contain a user name or password. */
  readonly credentials?: "refused";
  /** The value is a libvirt URI with a transport that virtform supports. */
  readonly libvirtUri?: true;
  /** The value may hold a secret and is never echoed. */
  readonly secret?: true;
  /** Values that this version does not implement. */
  readonly notYet?: readonly string[];
  /** The value is text that holds a whole number within these bounds. */
  readonly number?: { readonly minimum: number; readonly maximum: number };
  /** Keys that are known and rejected, each with the reason and the remedy; `*` at the end of a key stands for any rest. */
  readonly refusedKeys?: Readonly<Record<string, string>>;
  /** Values of an enum that are known and rejected, each with the reason and the remedy. */
  readonly refusedValues?: Readonly<Record<string, string>>;
  /** Values of an enum, each with what it means. Editors and docs/configuration.md show them. */
  readonly meanings?: Readonly<Record<string, string>>;
  /** Words that other programs have for values of an enum, in lower case and with underscores, each with the value. */
  readonly valueSynonyms?: Readonly<Record<string, string>>;
  /** Names that other programs have for keys, in lower case and with underscores, each with the key. */
  readonly synonyms?: Readonly<Record<string, string>>;
  /** Keys that are looked for here and belong elsewhere, each with a sentence that says where. */
  readonly elsewhere?: Readonly<Record<string, string>>;
  /** The value, if it is missing, that the ending of a sibling's value suggests. */
  readonly guess?: { readonly from: string; readonly endings: Readonly<Record<string, string>> };
  /** Keys that only make sense with others, or not with others, and why. */
  readonly together?: readonly {
    readonly key: string;
    readonly needs: readonly string[];
    readonly excludes: readonly string[];
    readonly why: string;
  }[];
  /** What one of the keys is called, and what may be written beside the known ones. */
  readonly openKeys?: { readonly noun: string; readonly hint: string };
  /** The expected value, as the end of "expected …". */
  readonly expects?: string;
}

/** The keywords above that are not part of JSON Schema. */
export const ownKeywords: readonly string[] = [
  "reference",
  "formerly",
  "quantity",
  "digest",
  "path",
  "readInto",
  "bytesInto",
  "textInput",
  "advisedLength",
  "unique",
  "notCounted",
  "counted",
  "credentials",
  "libvirtUri",
  "secret",
  "notYet",
  "number",
  "refusedKeys",
  "refusedValues",
  "meanings",
  "valueSynonyms",
  "synonyms",
  "elsewhere",
  "guess",
  "together",
  "openKeys",
  "expects",
];
