import type { FoundAt } from "../../model/kind.ts";
import { appliedFields } from "../guest/applied-fields.ts";
import type { DomainState } from "../terms/domain-state.ts";
import type { SeedState } from "../terms/seed-state.ts";
import { seedFields } from "./seed/fields.ts";

/** What was read of a guest: its two definitions, and the label in its definition. */
export function foundDomain({ fields, active, label }: DomainState): FoundAt[] {
  const applied = appliedFields(label);
  return [
    { where: "in the definition that libvirt stores", values: fields },
    ...(active === null ? [] : [{ where: "in the definition that the guest runs with", values: active }]),
    ...(applied === undefined ? [] : [{ where: "applied last, by the label of the guest", values: applied }]),
  ];
}

/** What was read of a config drive: its record. */
export function foundSeed({ applied }: SeedState): FoundAt[] {
  const fields = seedFields(applied, null).filter(({ sensitive }) => sensitive !== true);
  return [
    {
      where: "applied last, by the record of the config drive",
      values: Object.fromEntries(fields.map(({ path, old = null }) => [path, old])),
    },
  ];
}
