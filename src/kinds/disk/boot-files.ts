import type { DiskSpec } from "../../drivers/driver.ts";
import { plainFileDriver } from "../../drivers/index.ts";
import { instanceFiles } from "../../model/layout.ts";
import type { HostSettings } from "../../model/settings.ts";
import { declared } from "../config/declared.ts";
import type { Config, ImageConfig } from "../config.ts";
import { baseRef } from "../image/base-ref.ts";
import type { DomainDisk, DomainSpec } from "../terms/spec.ts";

/** What is the same for all files of an instance, and where one lies. */
export type NameFile = (fileName: string) => Pick<DiskSpec, "instance" | "uuid" | "name" | "path">;

const own = { kernel: instanceFiles.kernel, ramdisk: instanceFiles.ramdisk };
const rescues = { kernel: instanceFiles.rescueKernel, ramdisk: instanceFiles.rescueRamdisk };

/** Kernel and ramdisk of an image: plain files whatever the backend (Nova LAY-19), of a rescue under names of their own (LAY-10). */
export function bootFiles(
  config: Config,
  settings: HostSettings,
  image: Pick<ImageConfig, "kernel" | "ramdisk">,
  nameFile: NameFile,
  rescue = false,
): DiskSpec[] {
  return (["kernel", "ramdisk"] as const).flatMap((role) => {
    const name = image[role];
    if (name === undefined) return [];
    const base = baseRef(settings, name, declared(config.images, name), true);
    return [
      { ...nameFile((rescue ? rescues : own)[role]), role, backend: plainFileDriver, size: null, base, preallocate: "none" as const },
    ];
  });
}

/** How a guest with these files and devices is started directly (Nova XML-06); in rescue, from the files of that (XML-20). Null: by its firmware. */
export function kernelBoot(
  files: readonly DiskSpec[],
  devices: readonly DomainDisk[],
  given: { readonly rescue: boolean; readonly virtType: DomainSpec["virtType"]; readonly commandLine: string | undefined },
): DomainSpec["kernel"] {
  const names = given.rescue ? rescues : own;
  const path = (name: string) => files.find((file) => file.name === name)?.path;
  const kernel = path(names.kernel);
  if (kernel === undefined) return null;
  return {
    path: kernel,
    ramdisk: path(names.ramdisk) ?? null,
    commandLine: given.commandLine ?? usualCommandLine(devices, given.virtType),
  };
}

/** Nova XML-06: what a kernel is told when the image does not say. */
function usualCommandLine(devices: readonly DomainDisk[], virtType: DomainSpec["virtType"]): string {
  // A disk that was added for a rescue is not the first one, which Nova would name.
  const added = devices.findIndex(({ name }) => name === instanceFiles.rescue) > 0 ? devices.at(-1) : undefined;
  const root = added === undefined ? "vda" : added.device === "cdrom" ? "sr0" : added.target;
  const words = `root=/dev/${root} console=tty0 console=ttyS0 console=hvc0`;
  return virtType === "qemu" ? `${words} no_timer_check` : words;
}
