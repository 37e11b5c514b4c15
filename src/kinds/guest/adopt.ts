import { type ActionType, defineAction } from "../../model/action.ts";
import { RefusedError } from "../../model/errors.ts";
import { libvirtOf } from "../../tools/libvirt/libvirt.ts";
import { defined } from "../terms/guest-address.ts";
import type { DomainSpec } from "../terms/spec.ts";
import { adoptionDifferences } from "./diff/adoption-differences.ts";
import { draft } from "./draft.ts";
import { labelElement } from "./label-element.ts";
import { mergeSpec } from "./merge.ts";
import { findLabel } from "./metadata.ts";
import { requireOwn } from "./own-domain.ts";
import { domainState } from "./state.ts";

/** Arguments of `domain.adopt`. */
interface AdoptArgs {
  readonly spec: DomainSpec;
}

/**
 * Labels a guest that other programs made, through the call for metadata alone: its definition is not written again, and one that runs goes on with
 * its process.
 */
export const adopt: ActionType = defineAction<AdoptArgs>("domain.adopt", [defined], async (context, { spec }) => {
  const libvirt = libvirtOf(context);
  const record = await libvirt.domain(spec.uuid);
  if (record === undefined) throw changed(spec, "it no longer exists");
  const have = domainState(record);
  if (have.label !== undefined) requireOwn(context, spec, have);
  else {
    const [first] = adoptionDifferences(spec, have);
    if (first !== undefined) throw changed(spec, `${first.path} is another`);
  }
  const document = draft("domain");
  mergeSpec(document, spec);
  const label = findLabel(document);
  if (label === undefined) throw new Error("a definition without a label was made");
  await libvirt.setMetadata(spec.uuid, labelElement(label), record.active === null ? "stored" : "both");
});

function changed({ instance }: DomainSpec, what: string): RefusedError {
  return new RefusedError(
    "adoption-changed",
    `${instance} was changed after the plan to adopt it was made: ${what}. It was not labelled.`,
    "Plan again.",
  );
}
