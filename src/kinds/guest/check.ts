import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Observed } from "../../model/kind.ts";
import { problem } from "../../model/problem.ts";
import { shellWord } from "../../model/shell-word.ts";
import { declaresInstance } from "../config/declares-instance.ts";
import type { Config } from "../config.ts";
import type { Checked } from "../disk/checked.ts";
import { isUp } from "../power/is-up.ts";
import { disks } from "../terms/disk-address.ts";
import { ownerName } from "../terms/disk-owner.ts";
import { guests } from "../terms/guest-address.ts";

/** Names of instances that a domain of the host has which this project does not own. */
export function checkDomainNames({ domains, observed }: Pick<Checked, "domains" | "observed">): Diagnostic[] {
  const owners = new Map(observed.unmanaged.flatMap(({ what, name, owner }) => (what === "domain" ? [[name, owner]] : [])));
  const powers = new Map(observed.of(guests).map(([, { uuid, power }]) => [uuid, power]));
  const own = new Map(observed.of(guests).map(([, { name, uuid, label }]) => [name, { uuid, instance: label?.instance ?? name }]));
  const restarting = new Set(domains.flatMap(({ restart, uuid }) => (restart === "when_needed" ? [uuid] : [])));
  // libvirt has its name when this plan is done.
  const isRenamed = (uuid: string) => {
    const power = powers.get(uuid);
    return power === undefined || !(isUp(power) || power === "saved") || restarting.has(uuid);
  };
  return domains.flatMap(({ instance, project, uuid }): Diagnostic[] => {
    const holder = own.get(instance);
    const another = holder !== undefined && holder.uuid !== uuid && holder.instance !== instance ? holder : undefined;
    if (another !== undefined && isRenamed(uuid) && !isRenamed(another.uuid)) return [nameNotFreeYet(instance, another.instance)];
    if (!owners.has(instance)) return [];
    const owner = owners.get(instance);
    const why = owner === undefined ? "it has no virtform label" : `project ${owner} owns it`;
    return [
      problem("domain-name-taken", {
        summary: `Domain "${instance}" already exists and is not managed by project "${project}"`,
        detail: `virtform does not change it, because ${why}. libvirt allows each name once: give the instance another name${owner === undefined ? `, or rename that domain (\`virsh domrename ${shellWord(instance)} OTHER-NAME\`, while it is off)` : ""}.`,
        address: `domain/${instance}`,
      }),
    ];
  });
}

/** libvirt keeps the name of a renamed guest until it is off. */
function nameNotFreeYet(instance: string, holder: string): Diagnostic {
  return problem("domain-name-taken", {
    summary: `${holder}, which was renamed, still has the name ${instance} in libvirt`,
    detail: `libvirt renames only guests that are off. Restart it with \`virtform restart ${shellWord(holder)}\`, or shut it down and apply without ${instance}; then apply again.`,
    address: guests.at(instance),
  });
}

/** Guests that libvirt does not rename: containers, and those of which it records snapshots or checkpoints under their name. */
export function checkRenames({ domains, observed }: Pick<Checked, "domains" | "observed">): Diagnostic[] {
  return domains.flatMap(({ instance, adopted, domainName, virtType }): Diagnostic[] => {
    const address = guests.at(instance);
    const have = observed.get(address);
    // One that runs is renamed once it is off, and an adopted one keeps its name.
    if (have !== undefined && have.name !== domainName && virtType === "lxc") return [containerNotRenamed(instance, have.name)];
    if (have === undefined || adopted || have.name === domainName || isUp(have.power) || have.power === "saved") return [];
    if (have.snapshots === undefined && have.checkpoints === undefined) return [];
    const snapshots = (have.snapshots ?? []).map((snapshot) => `\`virsh snapshot-delete ${shellWord(have.name)} ${shellWord(snapshot)}\``);
    const ways = [
      ...snapshots,
      ...(have.checkpoints ?? []).map((checkpoint) => `\`virsh checkpoint-delete ${shellWord(have.name)} ${shellWord(checkpoint)}\``),
    ];
    return [
      problem("guest-not-renamed", {
        summary: `Domain ${have.name} cannot be renamed to ${instance}`,
        detail: `libvirt renames no domain of which it records ${[have.snapshots && "snapshots", have.checkpoints && "checkpoints"].filter(Boolean).join(" and ")}. Delete them first: ${ways.join(", ")}.`,
        address,
      }),
    ];
  });
}

function containerNotRenamed(instance: string, name: string): Diagnostic {
  return problem("guest-not-renamed", {
    summary: `Container ${name} cannot be renamed to ${instance}`,
    detail: `libvirt cannot rename containers. Give the entry the name ${name} again.`,
    address: guests.at(instance),
  });
}

/** Protected guests that would be deleted: they are no longer in the configuration, or everything is destroyed. */
export function checkProtection({ domains, observed }: Pick<Checked, "domains" | "observed">, config: Config): Diagnostic[] {
  const wanted = new Set<string>(domains.map(({ instance }) => `domain/${instance}`));
  return [...protectedInstances(observed)].flatMap((instance): Diagnostic[] => {
    const address = `domain/${instance}` as const;
    if (wanted.has(address)) return [];
    return [
      problem("prevent-destroy", {
        ...(declaresInstance(config, instance)
          ? {
              summary: `${instance} is protected`,
              detail:
                "It was applied with prevent_destroy: true, which is recorded on the guest. To destroy it, write prevent_destroy: false, apply, and then destroy it.",
            }
          : {
              summary: `${instance} is protected and no longer in the configuration`,
              detail:
                "It was applied with prevent_destroy: true, which is recorded on the guest. To delete it, declare it again with prevent_destroy: false, apply, and then remove it.",
            }),
        address,
      }),
    ];
  });
}

/** Recorded in the label of the domain and in that of the directory, which exists even when the domain was undefined by hand. */
function protectedInstances(observed: Observed): Set<string> {
  return new Set([
    ...observed.of(guests).flatMap(([, { label }]) => (label?.preventDestroy === true ? [label.instance] : [])),
    ...observed.of(disks).flatMap(([, disk]) => (disk.owner.protects ? [ownerName(disk.owner)] : [])),
  ]);
}
