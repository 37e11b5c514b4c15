import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Observed } from "../../model/kind.ts";
import type { DomainState } from "./domain-state.ts";
import type { DomainSpec } from "./spec.ts";

/** What forbids a plan for domains: names that somebody else's domains have, and protection that a deletion would break. */
export function checkDomains(domains: readonly DomainSpec[], observed: Observed): Diagnostic[] {
  return [...checkNames(domains, observed), ...checkProtection(domains, observed)];
}

function checkNames(domains: readonly DomainSpec[], observed: Observed): Diagnostic[] {
  const owners = new Map(observed.unmanaged.flatMap(({ what, name, owner }) => (what === "domain" ? [[name, owner]] : [])));
  return domains.flatMap(({ instance, project }): Diagnostic[] => {
    if (!owners.has(instance)) return [];
    const owner = owners.get(instance);
    const whose = owner === undefined ? "nobody's by its label" : `project ${owner}'s`;
    return [
      {
        severity: "error",
        code: "domain-name-taken",
        summary: `A domain named ${instance} is there already and is not project ${project}'s`,
        detail: `It is ${whose}, so it is left alone, and libvirt allows a name only once. Give the instance another name${owner === undefined ? `, or take the domain over with \`virtform adopt ${instance}\`` : ""}.`,
        address: `domain/${instance}`,
      },
    ];
  });
}

function checkProtection(domains: readonly DomainSpec[], observed: Observed): Diagnostic[] {
  const wanted = new Set<string>(domains.map(({ instance }) => `domain/${instance}`));
  return [...observed.states].flatMap(([address, state]): Diagnostic[] => {
    if (!address.startsWith("domain/") || wanted.has(address)) return [];
    const { label } = state as DomainState;
    if (label?.preventDestroy !== true) return [];
    return [
      {
        severity: "error",
        code: "prevent-destroy",
        summary: `${label.instance} is protected and no longer in the configuration`,
        detail: `It was applied with prevent_destroy: true, and the protection stays with the guest. To delete it, put it back with prevent_destroy: false, apply, and then remove it.`,
        address,
      },
    ];
  });
}
