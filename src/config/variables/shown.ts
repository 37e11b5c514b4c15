import type { Json } from "../../model/json.ts";
import type { UsedVariable } from "../../model/used-variable.ts";
import { toPlain } from "../located.ts";
import { originOf } from "./expand.ts";
import type { ExpandedUnit } from "./unit.ts";

/** The variables that a configuration uses, by name, for people and reports. The value of a secret is left out. */
export function usedVariables({ variables, used }: ExpandedUnit): readonly UsedVariable[] {
  return [...variables]
    .filter(([name]) => used.has(name))
    .map(([name, { declaration, value, from }]) => ({
      name,
      value: declaration.type === "secret" || value.failed === true ? null : (toPlain(value) as Json),
      sensitive: declaration.type === "secret",
      from: from === "default" ? "default" : (from.variable ?? (from.isText ? "--var" : originOf(from.key ?? from.node.span))),
    }));
}
