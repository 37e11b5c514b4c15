import type { Diagnostic } from "../../model/diagnostic.ts";
import { problem } from "../../model/problem.ts";
import { formatQuantity } from "../../model/quantity.ts";
import type { Checked } from "../disk/checked.ts";
import { adoptionDifferences } from "../guest/diff/adoption-differences.ts";
import { traitsOf } from "../guest/traits.ts";
import { guests } from "../terms/guest-address.ts";
import { isAdopted } from "../terms/is-adopted.ts";
import type { DomainSpec } from "../terms/spec.ts";

/** How many differences are named. */
const named = 8;

/** Guests that are to be adopted and cannot be, and instances that became adopted ones, or the reverse. */
export function checkAdopted({ domains, observed }: Pick<Checked, "domains" | "observed">): Diagnostic[] {
  const taken = new Set(observed.unmanaged.flatMap(({ what, uuid }) => (what === "domain" && uuid !== undefined ? [uuid] : [])));
  return domains.flatMap((spec): Diagnostic[] => {
    const address = guests.at(spec.instance);
    if (observed.unread.includes(address)) return [];
    const have = observed.get(address);
    if (have?.label !== undefined && isAdopted(have) !== spec.adopted) return [otherwiseMade(spec)];
    if (!spec.adopted || have?.label !== undefined) return [];
    // `checkUuids` reports a guest of another project.
    if (have === undefined) return taken.has(spec.uuid) ? [] : [missing(spec)];
    if (!have.persistent) {
      const detail =
        "Its definition is lost when it stops, and so would be the label. Define it first: `virsh dumpxml NAME > guest.xml`, then `virsh define guest.xml`.";
      return [problem("adopt-transient", { summary: `${spec.instance} cannot be adopted: the domain is transient`, detail, address })];
    }
    const differing = adoptionDifferences(spec, have);
    if (differing.length === 0) return [];
    const shown = differing
      .slice(0, named)
      .map(({ path, old, new: wanted }) => `${path} is ${text(path, old)} and not ${text(path, wanted)}`);
    const more = differing.length > named ? `; and ${differing.length - named} more` : "";
    return [
      problem("adopt-differs", {
        summary: `${spec.instance} is not adopted, because the guest is not what the configuration says`,
        detail: `${shown.join("; ")}${more}. Adopting changes nothing about a guest: write what it is (\`virtform adopt\` does), apply, and then change it.`,
        address,
      }),
    ];
  });
}

function missing({ instance, uuid, preventDestroy }: DomainSpec): Diagnostic {
  const kept = preventDestroy ? "" : " To forget it, remove the instance.";
  return problem("adopted-guest-missing", {
    summary: `There is no guest to adopt as ${instance}`,
    detail: `libvirt has no domain with the uuid ${uuid}, and virtform does not create adopted guests. If it was undefined by hand, define it again from a copy of its definition (\`virsh define\`); its disks are not virtform's and were not removed.${kept}`,
    address: guests.at(instance),
    key: ["uuid"],
  });
}

function otherwiseMade({ instance, adopted }: DomainSpec): Diagnostic {
  return problem("adopted-otherwise", {
    summary: adopted ? `${instance} was made by virtform and cannot be adopted` : `${instance} was adopted and is declared without adopt`,
    detail: adopted
      ? "Its disks are virtform's. Remove adopt and disks, and declare it as before."
      : "New disks would be made for it. Write adopt: true and its uuid, as before; or, to replace it by a new guest, choose another name.",
    address: guests.at(instance),
  });
}

function text(path: string, value: unknown): string {
  if (value === undefined) return "missing";
  return traitsOf(path).size === true && typeof value === "number" ? formatQuantity(value) : JSON.stringify(value);
}
