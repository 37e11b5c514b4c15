import type { Change } from "../../../model/change.ts";
import type { Observed } from "../../../model/observed.ts";
import { adoptDomain } from "../../power/plan.ts";
import type { DomainState } from "../../terms/domain-state.ts";
import { defined, type GuestAddress } from "../../terms/guest-address.ts";
import type { DomainSpec } from "../../terms/spec.ts";
import { describeDomain } from "../state.ts";
import { listedFields } from "../traits.ts";
import { adoptionDifferences } from "./adoption-differences.ts";
import { afterOf } from "./after-of.ts";
import { powerAction } from "./power-change.ts";

/** The change that labels a guest which other programs made. One that differs is not adopted: `checkAdopted` reports it. */
export function adoption(address: GuestAddress, want: DomainSpec, have: DomainState, observed: Observed): Change | undefined {
  if (adoptionDifferences(want, have).length > 0 || !have.persistent) return undefined;
  const power = powerAction(want, have, observed, { replaced: false });
  const then = power === undefined ? [] : [{ ...power, needs: [...power.needs, defined(address)] }];
  return {
    address,
    verb: "adopt",
    cause: "config",
    reason: power === undefined ? "labelled, nothing else changes" : `labelled; it is ${have.power} and should be ${want.powerState}`,
    fields: [],
    actions: [adoptDomain(want), ...then],
    before: describeDomain(have),
    after: afterOf(want, listedFields(have.fields)),
  };
}
