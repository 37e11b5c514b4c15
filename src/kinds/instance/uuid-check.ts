import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Observed } from "../../model/kind.ts";
import type { Unmanaged } from "../../model/plan.ts";
import { problem } from "../../model/problem.ts";
import type { Checked } from "../disk/checked.ts";
import { disks } from "../terms/disk-address.ts";
import { guests } from "../terms/guest-address.ts";
import { seeds } from "../terms/seed-address.ts";
import type { DomainSpec } from "../terms/spec.ts";

/**
 * The uuid names the directory, so it decides whose disks a guest gets: one that is somebody else's, or another instance's,
 * is refused, and an instance keeps the one it was made with.
 */
export function checkUuids({ domains, observed }: Pick<Checked, "domains" | "observed">): Diagnostic[] {
  const strangers = Map.groupBy(observed.unmanaged, ({ what, name, uuid }) => (what === "instance-directory" ? name : uuid));
  const own = ownObjects(observed);
  const byUuid = new Map(own.map((found) => [found.uuid, found]));
  const byInstance = Map.groupBy(own, ({ instance }) => instance);
  return domains.flatMap((spec) => {
    const same = [...(byInstance.get(spec.instance) ?? []), ...[byUuid.get(spec.uuid)].filter((found) => found !== undefined)];
    const taken = takenByStranger(spec, strangers.get(spec.uuid) ?? []) ?? takenByOwn(spec, same);
    return taken === undefined ? [] : [problem(taken.code, { ...taken, address: `domain/${spec.instance}`, key: ["uuid"] })];
  });
}

type Problem = Pick<Diagnostic, "code" | "summary" | "detail">;

function takenByStranger(spec: DomainSpec, holders: readonly Unmanaged[]): Problem | undefined {
  // A domain of the same name is told of as such.
  const holder = holders.find(({ what, name }) => what !== "domain" || name !== spec.instance);
  if (holder === undefined) return undefined;
  const thing = holder.what === "domain" ? `Domain ${holder.name}` : "An instance directory";
  const whose = holder.owner === undefined ? "nobody's by its label" : `project ${holder.owner}'s`;
  return {
    code: "uuid-taken",
    summary: `${thing} has the uuid of ${spec.instance} and is not project ${spec.project}'s`,
    detail: `${spec.uuid} is ${whose}, so it is left alone with the disks that it may hold. Give the instance another uuid (uuid: …), or leave it out to have one derived.`,
  };
}

function takenByOwn(spec: DomainSpec, own: readonly OwnObject[]): Problem | undefined {
  for (const { uuid, instance } of own) {
    if (instance === spec.instance && uuid !== spec.uuid) {
      return {
        code: "uuid-changed",
        summary: `${spec.instance} has another uuid than the configuration gives it`,
        detail: `It was made as ${uuid} and would become ${spec.uuid}: its disks lie under the old one. Write uuid: ${uuid}, or remove the instance first and make it anew.`,
      };
    }
    if (instance !== spec.instance && uuid === spec.uuid) {
      return {
        code: "uuid-of-another-instance",
        summary: `${spec.instance} would have the uuid of ${instance}`,
        detail: `${uuid} is ${instance}'s, with its disks. An instance cannot be given another name: keep the name ${instance}, or leave uuid out to make ${spec.instance} anew beside it.`,
      };
    }
  }
  return undefined;
}

interface OwnObject {
  readonly uuid: string;
  readonly instance: string;
}

/** What this project has on the host, by uuid and instance. */
function ownObjects(observed: Observed): OwnObject[] {
  return [
    ...observed.of(guests).flatMap(([, { uuid, label }]) => (label === undefined ? [] : [{ uuid, instance: label.instance }])),
    ...[...observed.of(seeds), ...observed.of(disks)].map(([, { uuid, instance }]) => ({ uuid, instance })),
  ];
}
