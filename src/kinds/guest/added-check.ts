import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Observed } from "../../model/observed.ts";
import { problem } from "../../model/problem.ts";
import type { Checked } from "../disk/checked.ts";
import type { DomainFields, DomainState } from "../terms/domain-state.ts";
import { guests } from "../terms/guest-address.ts";
import type { DomainSpec } from "../terms/spec.ts";
import { appliedFields } from "./applied-fields.ts";
import { fieldRows, isDevices } from "./fields.ts";
import { staysUnwanted } from "./managed.ts";
import { hasWantedFields, wantedFields } from "./wanted-fields.ts";

/** One warning for each guest with devices that virtform neither wants nor gave it: the plan takes them away, and not what is on them. */
export function checkAddedDevices({ domains, observed }: Pick<Checked, "domains"> & { readonly observed: Observed }): Diagnostic[] {
  return domains.flatMap((spec): Diagnostic[] => {
    const guest = observed.get(guests.at(spec.instance));
    const added = guest === undefined ? [] : addedDevices(guest, spec);
    if (added.length === 0) return [];
    const device = added.length === 1 ? "a device that was" : `${added.length} devices that were`;
    return [
      problem(
        "device-added-by-hand",
        {
          summary: `${spec.instance} has ${device} added by hand: ${added.join(", ")}`,
          detail:
            "It is not in the configuration, so the plan detaches it, with the effect that is listed. The file or device of the host behind a disk is never deleted and keeps its data. To keep an interface, declare it under networks with its mac; other devices, as keys of the instance or in domain_xml; data of a disk, in a volume.",
          address: guests.at(spec.instance),
        },
        "warning",
      ),
    ];
  });
}

/** `disks.vdb (/srv/extra.qcow2)`, `interfaces.52:54:00:00:00:01`. */
function addedDevices({ label, fields, active, activeApplied }: DomainState, spec: DomainSpec): string[] {
  if (hasWantedFields(spec, fields) && (active === null || hasWantedFields(spec, active))) return [];
  const applied = appliedFields(label);
  if (applied === undefined) return [];
  const wanted = wantedFields(spec);
  const found: DomainFields = { ...fields, ...active };
  const sections = fieldRows().flatMap((row) => (isDevices(row) ? [`${row.section}.`] : []));
  const isDevice = (path: string) => sections.some((section) => path.startsWith(section));
  const deviceOf = (path: string) => path.slice(0, path.lastIndexOf("."));
  // A device that waits for the next start to go was given by the definition that the guest was started with.
  const started = appliedFields({ applied: activeApplied }) ?? {};
  const known = new Set([wanted, applied, started].flatMap((one) => Object.keys(one)).map(deviceOf));
  const paths = Object.keys(found).filter(
    (path) => isDevice(path) && !known.has(deviceOf(path)) && !staysUnwanted(path, spec, wanted, applied),
  );
  return [...new Set(paths.map(deviceOf))].map((device) => {
    const source = device.startsWith("disks.") ? found[`${device}.source`] : undefined;
    return source === undefined ? device : `${device} (${source})`;
  });
}
