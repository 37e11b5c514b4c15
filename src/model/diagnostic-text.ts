import type { Diagnostic } from "./diagnostic.ts";

/** A diagnostic in running text: `Cannot read /a: no such file. Name another one.` */
export function diagnosticText({ summary, detail }: Pick<Diagnostic, "summary" | "detail">): string {
  return detail === "" ? summary : `${summary.replace(/\.$/, "")}. ${detail}`;
}
