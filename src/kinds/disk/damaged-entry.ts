import type { DiskOwner } from "../../drivers/driver.ts";
import type { Address } from "../../model/address.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import { labelPath } from "../terms/disk-owner.ts";

/** An error of the plan for one entry of a label that cannot be used. `what`: `swap disk of web-0`. */
export function damagedEntry(owner: DiskOwner, what: string, problem: string, address: Address): Diagnostic {
  return {
    severity: "error",
    code: "label-damaged",
    summary: `The entry of the ${what} in ${labelPath(owner)} is not usable`,
    detail: `${problem}. It is neither planned nor changed. Correct the file manually, or restore it from a backup.`,
    address,
  };
}
