/** One element of a parsed document. */
export interface XmlElement {
  /** As written, prefix included: `nova:instance`. */
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  /** All text directly inside it, without white space beside its children. */
  readonly text: string;
  /** The element as it is written, with everything in it; undefined where it is not known. */
  readonly source?: string | undefined;
  /** Whether that is this text. */
  readonly isWrittenAs?: (text: string) => boolean;
}
