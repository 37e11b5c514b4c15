import type { Diagnostic } from "../../model/diagnostic.ts";
import { instanceFiles } from "../../model/layout.ts";
import { problem } from "../../model/problem.ts";
import type { Checked } from "../disk/checked.ts";
import type { DomainDisk, DomainSpec } from "../terms/spec.ts";
import { isPossibleBus } from "./device-map.ts";

/** Names of disks that are duplicate or impossible, and more disks than the host allows (Nova BLK-03, BLK-07). */
export function checkDevices({ domains, config }: Pick<Checked, "domains" | "config">): Diagnostic[] {
  const most = config.host?.max_disk_devices_to_attach ?? -1;
  return domains.flatMap((domain) => [...checkNames(domain), ...checkBuses(domain), ...checkNumber(domain, most)]);
}

/** Two disks with one name: a volume requests the name of the root disk or of another volume. */
function checkNames({ instance, disks }: DomainSpec): Diagnostic[] {
  return disks.flatMap(({ target, name }, index): Diagnostic[] => {
    const other = disks.findIndex((disk) => disk.target === target);
    if (other === index) return [];
    const [first, second] = [disks[other]?.name ?? "", name].map((one) => (one === "disk" ? "the root disk" : one.replace("/", " ")));
    return [
      problem("device-taken", {
        summary: `Two disks of ${instance} are both assigned ${target}`,
        detail: `They are ${first} and ${second}. Give the volume another device, or omit device to use the next free name.`,
        address: `domain/${instance}`,
      }),
    ];
  });
}

/** A volume that requests a name of a bus which the machine type does not have (Nova BLK-04). Image properties are covered by `checkHardware`. */
function checkBuses({ instance, disks, machine }: DomainSpec): Diagnostic[] {
  const asksFor = ({ name, bus }: DomainDisk) => name.startsWith("volume/") && !isPossibleBus(bus, machine);
  const byImage = disks.some((disk) => disk.device === "disk" && !disk.name.startsWith("volume/") && !isPossibleBus(disk.bus, machine));
  return (byImage ? [] : disks.filter(asksFor)).map(({ name, target, bus }) =>
    problem("unsupported-device", {
      summary: `${instance} has no ${bus}, so none of its disks can be ${target}`,
      detail: `${name.replace("/", " ")} requests it, and machine type ${machine} has no such bus. Request a name that starts with vd or sd, omit device, or set hw_machine_type: pc on the image, which has the bus.`,
      address: `domain/${instance}`,
    }),
  );
}

function checkNumber({ instance, disks }: DomainSpec, most: number): Diagnostic[] {
  const usual = disks.filter(({ name }) => name !== instanceFiles.rescue);
  if (most < 0 || usual.length <= most) return [];
  return [
    problem("too-many-disk-devices", {
      summary: `${instance} has ${usual.length} disks and drives; the host allows ${most}`,
      detail: `They are ${usual.map(({ target }) => target).join(", ")}. Give ${instance} fewer volumes or ephemerals, or raise max_disk_devices_to_attach in the host section.`,
      address: `domain/${instance}`,
    }),
  ];
}
