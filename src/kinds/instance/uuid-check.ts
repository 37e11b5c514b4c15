import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Observed } from "../../model/kind.ts";
import type { Unmanaged } from "../../model/plan.ts";
import { problem } from "../../model/problem.ts";
import type { Checked } from "../disk/checked.ts";
import { disks } from "../terms/disk-address.ts";
import { ownerName } from "../terms/disk-owner.ts";
import { guests } from "../terms/guest-address.ts";
import { seeds } from "../terms/seed-address.ts";
import type { DomainSpec } from "../terms/spec.ts";

/**
 * The uuid names the directory, so it determines which disks a guest gets. A uuid that a foreign object or another instance has is refused,
 * and an instance keeps the uuid that it was created with.
 */
export function checkUuids({ domains, observed }: Pick<Checked, "domains" | "observed">): Diagnostic[] {
  const foreign = Map.groupBy(observed.unmanaged, ({ what, name, uuid }) => (what === "instance-directory" ? name : uuid));
  const own = ownObjects(observed);
  const byUuid = new Map(own.map((found) => [found.uuid, found]));
  const byInstance = Map.groupBy(own, ({ instance }) => instance);
  return domains.flatMap((spec) => {
    const same = [...(byInstance.get(spec.instance) ?? []), ...[byUuid.get(spec.uuid)].filter((found) => found !== undefined)];
    const taken = takenByForeign(spec, foreign.get(spec.uuid) ?? []) ?? takenByOwn(spec, same);
    return taken === undefined ? [] : [problem(taken.code, { ...taken, address: `domain/${spec.instance}`, key: ["uuid"] })];
  });
}

type Problem = Pick<Diagnostic, "code" | "summary" | "detail">;

function takenByForeign(spec: DomainSpec, holders: readonly Unmanaged[]): Problem | undefined {
  // `checkDomainNames` reports a domain of the same name.
  // The directory of an adopted guest is another program's, and so is that of a guest that Nova made.
  const others = spec.adopted ? holders.filter(({ what }) => what === "domain") : holders;
  const holder = others.find(({ what, name }) => what !== "domain" || name !== spec.instance);
  if (holder === undefined) return undefined;
  const thing = holder.what === "domain" ? `Domain ${holder.name}` : "An instance directory";
  const why = holder.owner === undefined ? "it has no virtform label" : `project ${holder.owner} owns it`;
  return {
    code: "uuid-taken",
    summary: `${thing} has the uuid of ${spec.instance} and is not managed by project ${spec.project}`,
    detail: `virtform does not change ${spec.uuid} or its disks, because ${why}. Give the instance another uuid (uuid: …), or omit uuid to derive one.`,
  };
}

function takenByOwn(spec: DomainSpec, own: readonly OwnObject[]): Problem | undefined {
  for (const { uuid, instance } of own) {
    if (instance === spec.instance && uuid !== spec.uuid) {
      return {
        code: "uuid-changed",
        summary: `The configured uuid of ${spec.instance} differs from the existing one`,
        detail: `It exists as ${uuid}, with its disks, and is configured as ${spec.uuid}. Write uuid: ${uuid}, or remove the instance, apply, and add it again.`,
      };
    }
    if (instance !== spec.instance && uuid === spec.uuid) {
      return {
        code: "uuid-of-another-instance",
        summary: `${spec.instance} is configured with the uuid of ${instance}`,
        detail: `${instance} exists with this uuid and its disks. To rename it, write renamed_from: ${instance} in the entry of ${spec.instance}. To create ${spec.instance} beside it, omit uuid.`,
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
    ...observed.of(seeds).map(([, { uuid, instance }]) => ({ uuid, instance })),
    ...observed.of(disks).map(([, { uuid, owner }]) => ({ uuid, instance: ownerName(owner) })),
  ];
}
