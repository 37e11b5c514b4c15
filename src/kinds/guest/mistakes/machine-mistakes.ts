import { isPossibleBus } from "../device-map.ts";
import { isX86 } from "../fields/is-x86.ts";
import { machineFamily } from "../fields/machine-family.ts";
import type { Hardware, Mistake } from "./hardware.ts";

/** Machine type, firmware, TPM, IOMMU and buses that do not fit each other or the host. */
export function machineMistakes({ values, machine, facts, properties }: Hardware): Mistake[] {
  const found: Mistake[] = [];
  const add = (path: string, summary: string, detail: string) => found.push({ path, summary, detail });
  const isQ35 = /^(q35$|pc-q35-)/.test(machine);
  if (facts.machines !== undefined && !facts.machines.includes(machine)) {
    const family = facts.machines.filter((one) => machineFamily(one) === machineFamily(machine)).sort();
    const others = family.length === 0 ? facts.machines.filter((one) => machineFamily(one) === one) : family;
    add("machine", `Machine type ${machine}, which the qemu of the host does not have`, `It has ${others.join(", ")}. Write one of these.`);
  }
  if (values["secure_boot"] === true && values["firmware"] !== "uefi")
    add("secure_boot", "Secure boot without UEFI", "Only UEFI firmware can verify a boot loader. Write firmware: uefi (hw_firmware_type).");
  else if (values["secure_boot"] === true && isX86(facts.arch) && !isQ35)
    add(
      "secure_boot",
      `Secure boot with machine type ${machine}`,
      "It needs a machine type of the q35 family. Write machine: q35 (hw_machine_type).",
    );
  if (values["tpm.model"] !== undefined && values["tpm.version"] === undefined)
    add(
      "tpm.model",
      "A model of a TPM without a version",
      "The version gives the guest a TPM. Write tpm.version (hw_tpm_version, hw:tpm_version).",
    );
  if (values["tpm.model"] === "tpm-crb" && values["tpm.version"] === "1.2")
    add("tpm.model", "tpm-crb with version 1.2", "The model has version 2.0 only. Write tpm-tis, or version 2.0.");
  const iommu = values["viommu"];
  if (iommu === "intel" && !isQ35)
    add("viommu", `An Intel IOMMU with machine type ${machine}`, "It needs the q35 family. Write machine: q35.");
  if (iommu === "smmuv3" && !machine.startsWith("virt"))
    add("viommu", `smmuv3 with machine type ${machine}`, "It needs machine type virt. Write intel on q35.");
  // What the image asks for itself is reported with the image.
  for (const path of ["disk_bus", "cdrom_bus"] as const)
    if (values[path] === "ide" && !isPossibleBus("ide", machine) && properties[`hw_${path}`] !== "ide")
      add(
        path,
        `IDE with machine type ${machine}`,
        `The machine type has no IDE. Write ${path}: ${path === "disk_bus" ? "virtio" : "sata"}, or machine: pc.`,
      );
  return found;
}
