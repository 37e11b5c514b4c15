/** One element of a parsed document. */
export interface XmlElement {
  /** As written, prefix included: `nova:instance`. */
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  /** All text directly inside it, without white space beside its children. */
  readonly text: string;
  /** It may be in several documents, and is never changed. Absent: it may be edited. */
  readonly shared?: true;
}
