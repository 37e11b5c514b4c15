/** Why an expression has no value. It is caught where the text is evaluated, and becomes a diagnostic with the place in the text. */
export class Fault extends Error {
  override readonly name = "Fault";
  readonly code: string;
  readonly summary: string;
  readonly detail: string;
  /** Where in the text. */
  readonly at: number;
  constructor(code: string, at: number, summary: string, detail: string) {
    super(summary);
    this.code = code;
    this.at = at;
    this.summary = summary;
    this.detail = detail;
  }
}

/** What the expression uses could not be evaluated itself, which has been reported. */
export class ReportedFault extends Error {
  override readonly name = "ReportedFault";
}

/** Something is used that has no value, for which `default` may stand in. */
export class MissingFault extends Fault {}
