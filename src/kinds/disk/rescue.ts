import type { DiskSpec } from "../../drivers/driver.ts";
import { plainFileDriver } from "../../drivers/index.ts";
import { instanceFiles } from "../../model/layout.ts";
import type { HostSettings } from "../../model/settings.ts";
import type { Rescue } from "../config/rescue-of.ts";
import type { Config } from "../config.ts";
import { baseRef } from "../image/base-ref.ts";
import { bootFiles, type NameFile } from "./boot-files.ts";

/** The disk that a rescue boots, at the image's own size (Nova BLD-14), and its kernel and ramdisk. A CD is a plain file whatever the backend. */
export function rescueDisks(
  config: Config,
  settings: HostSettings,
  { name, image, cdrom }: Rescue,
  { backend, encryption }: { readonly backend: string } & Pick<DiskSpec, "encryption">,
  nameFile: NameFile,
): DiskSpec[] {
  const disk: DiskSpec = {
    ...nameFile(instanceFiles.rescue),
    role: "rescue",
    backend: cdrom ? plainFileDriver : backend,
    size: null,
    base: baseRef(settings, name, image, false),
    preallocate: "none",
    // What is rescued must not end up readable on the disk that it is rescued with.
    ...(cdrom || encryption === undefined ? {} : { encryption }),
  };
  return [disk, ...bootFiles(config, settings, image, nameFile, true)];
}
