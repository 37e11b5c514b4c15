import type { Change } from "../../../model/change.ts";
import type { DomainFields } from "../../terms/domain-state.ts";
import type { DomainSpec } from "../../terms/spec.ts";

/** What a plan shows of a guest after the change, with these fields. */
export function afterOf(want: DomainSpec, fields: DomainFields): Change["after"] {
  return { ...fields, uuid: want.uuid, persistent: true, power_state: want.powerState };
}
