import type { DiskSpec } from "../../drivers/driver.ts";
import { instanceFiles } from "../../model/layout.ts";
import type { DomainDisk, DomainSpec } from "../terms/spec.ts";

/** File names of kernel and ramdisk, of a rescue beside the guest's own (Nova LAY-10). */
export const bootFileNames = {
  own: { kernel: instanceFiles.kernel, ramdisk: instanceFiles.ramdisk },
  rescue: { kernel: instanceFiles.rescueKernel, ramdisk: instanceFiles.rescueRamdisk },
} as const;

/** How a guest with these files and devices is started directly (Nova XML-06), in rescue from the rescue's files (XML-20). Null: by its firmware. */
export function kernelBoot(
  files: readonly DiskSpec[],
  devices: readonly DomainDisk[],
  given: { readonly rescue: boolean; readonly virtType: DomainSpec["virtType"]; readonly commandLine: string | undefined },
): DomainSpec["kernel"] {
  const names = given.rescue ? bootFileNames.rescue : bootFileNames.own;
  const path = (name: string) => files.find((file) => file.name === name)?.path;
  const kernel = path(names.kernel);
  if (kernel === undefined) return null;
  return {
    path: kernel,
    ramdisk: path(names.ramdisk) ?? null,
    commandLine: given.commandLine ?? usualCommandLine(devices, given.virtType),
  };
}

/** Nova XML-06: the command line of a kernel whose image names none. */
function usualCommandLine(devices: readonly DomainDisk[], virtType: DomainSpec["virtType"]): string {
  // A disk that was added for a rescue is not the first disk, which Nova would name.
  const added = devices.findIndex(({ name }) => name === instanceFiles.rescue) > 0 ? devices.at(-1) : undefined;
  const root = added === undefined ? "vda" : added.device === "cdrom" ? "sr0" : added.target;
  const words = `root=/dev/${root} console=tty0 console=ttyS0 console=hvc0`;
  return virtType === "qemu" ? `${words} no_timer_check` : words;
}
