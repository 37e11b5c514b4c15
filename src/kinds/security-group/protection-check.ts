import { addressName } from "../../model/address.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Observed } from "../../model/observed.ts";
import { problem } from "../../model/problem.ts";
import type { Resource } from "../../model/resource.ts";
import type { Config } from "../config.ts";
import { groups } from "../terms/filter-address.ts";
import type { FilterSpec } from "./spec.ts";

/** Security groups that the plan would remove although they were applied with prevent_destroy. Pure. */
export function checkProtected(
  resources: readonly Resource<FilterSpec>[],
  observed: Observed,
  { security_groups: declared = {} }: Pick<Config, "security_groups">,
): Diagnostic[] {
  const wanted = new Set<string>(resources.map(({ address }) => address));
  return observed.of(groups).flatMap(([address, { protects }]) => {
    if (protects !== true || wanted.has(address)) return [];
    const name = addressName(address);
    const isDeclared = Object.hasOwn(declared, name);
    const summary = `Security group ${name} is protected${isDeclared ? "" : " and no longer in the configuration"}`;
    const remedy = isDeclared
      ? "To destroy it, write prevent_destroy: false, apply, and then destroy it."
      : "To remove it, restore it with prevent_destroy: false, apply, and then remove it.";
    const detail = `It was applied with prevent_destroy: true, and the protection stays with the group. ${remedy}`;
    return [problem("prevent-destroy", { summary, detail, address })];
  });
}
