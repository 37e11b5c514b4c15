import type { Address } from "../../model/address.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import type { DamagedLabel } from "./label.ts";

/** An error of the plan for a label of this project that cannot be used. `what`: `instance web-0`. */
export function damagedLabel(path: string, damage: DamagedLabel, what: string, address: Address): Diagnostic {
  return {
    severity: "error",
    code: "label-damaged",
    summary: `The label of ${what} is not usable`,
    detail: `${path} ${damage.problem}. Nothing about ${what} is planned or changed. Correct the file manually, restore it from a backup, or move the directory away.`,
    address,
  };
}
