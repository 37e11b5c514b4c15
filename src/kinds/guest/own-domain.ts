import type { Context } from "../../model/context.ts";
import { RefusedError } from "../../model/errors.ts";
import { type DomainRecord, type DomainStanding, libvirtOf } from "../../tools/libvirt/libvirt.ts";
import type { DomainRef } from "../power/plan.ts";
import type { DomainState } from "../terms/domain-state.ts";
import { domainOwner } from "./state.ts";

/** The domain as it is now; undefined when it does not exist. Throws a RefusedError when this project does not own it. */
export async function ownDomain(context: Context, ref: DomainRef): Promise<DomainRecord | undefined> {
  const record = await libvirtOf(context).domain(ref.uuid);
  if (record !== undefined) requireOwn(context, ref, domainOwner(record.xml));
  return record;
}

/** Its name and power alone, with fewer calls; undefined when it does not exist. Throws a RefusedError when this project does not own it. */
export async function ownStanding(context: Context, ref: DomainRef): Promise<(DomainStanding & { readonly name: string }) | undefined> {
  const libvirt = libvirtOf(context);
  const [standing, xml] = await Promise.all([libvirt.power(ref.uuid), libvirt.definition(ref.uuid)]);
  if (standing === undefined || xml === undefined) return undefined;
  const { name } = requireOwn(context, ref, domainOwner(xml));
  return { ...standing, name };
}

/** Throws a RefusedError when this project does not own a domain. */
export function requireOwn<Domain extends Pick<DomainState, "name" | "label">>(
  context: Context,
  { uuid, instance }: DomainRef,
  domain: Domain,
): Domain {
  const owner = domain.label?.project;
  if (owner === context.project) return domain;
  throw new RefusedError(
    "domain-not-ours",
    `Domain ${domain.name} (${uuid}) is not owned by project ${context.project}; ${owner === undefined ? "it has no virtform label" : `project ${owner} owns it`}`,
    `${instance} was not changed. Plan again.`,
  );
}
