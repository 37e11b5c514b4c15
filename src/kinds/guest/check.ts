import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Observed } from "../../model/kind.ts";
import { problem } from "../../model/problem.ts";
import { shellWord } from "../../model/shell-word.ts";
import type { Checked } from "../disk/checked.ts";
import { disks } from "../terms/disk-address.ts";
import { guests } from "../terms/guest-address.ts";

/** Names of domains on the host that are not this project's. */
export function checkDomainNames({ domains, observed }: Pick<Checked, "domains" | "observed">): Diagnostic[] {
  const owners = new Map(observed.unmanaged.flatMap(({ what, name, owner }) => (what === "domain" ? [[name, owner]] : [])));
  return domains.flatMap(({ instance, project }): Diagnostic[] => {
    if (!owners.has(instance)) return [];
    const owner = owners.get(instance);
    const whose = owner === undefined ? "nobody's by its label" : `project ${owner}'s`;
    return [
      problem("domain-name-taken", {
        summary: `A domain named ${instance} is there already and is not project ${project}'s`,
        detail: `It is ${whose}, so it is left alone, and libvirt allows a name only once. Give the instance another name${owner === undefined ? `, or rename that domain (\`virsh domrename ${shellWord(instance)} OTHER-NAME\`, while it is off)` : ""}.`,
        address: `domain/${instance}`,
      }),
    ];
  });
}

/** Protected guests that are no longer in the configuration. */
export function checkProtection({ domains, observed }: Pick<Checked, "domains" | "observed">): Diagnostic[] {
  const wanted = new Set<string>(domains.map(({ instance }) => `domain/${instance}`));
  return [...protectedInstances(observed)].flatMap((instance): Diagnostic[] => {
    const address = `domain/${instance}` as const;
    if (wanted.has(address)) return [];
    return [
      problem("prevent-destroy", {
        summary: `${instance} is protected and no longer in the configuration`,
        detail: `It was applied with prevent_destroy: true, and the protection stays with the guest. To delete it, put it back with prevent_destroy: false, apply, and then remove it.`,
        address,
      }),
    ];
  });
}

/** By the label of the domain, or by that of the directory, which is there even when the domain was undefined by hand. */
function protectedInstances(observed: Observed): Set<string> {
  return new Set([
    ...observed.of(guests).flatMap(([, { label }]) => (label?.preventDestroy === true ? [label.instance] : [])),
    ...observed.of(disks).flatMap(([, disk]) => (disk.protected ? [disk.instance] : [])),
  ]);
}
