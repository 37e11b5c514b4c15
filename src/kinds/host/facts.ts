import type { Context } from "../../model/context.ts";
import type { HostFacts } from "../../model/host-facts.ts";
import { filesystemOf } from "../../tools/filesystem-type.ts";
import { libvirtOf } from "../../tools/libvirt/libvirt.ts";
import { missingMkfs } from "../../tools/mkfs.ts";
import { lookUpDrivers } from "./driver-facts.ts";
import { lookUpSources } from "./source-facts.ts";

/**
 * Looks up what the machine is and has to give, and what is known about these images. Throws UnreachableError when libvirt does not
 * answer.
 */
export async function lookUpFacts(context: Context, images: readonly { readonly source: string }[] = []): Promise<HostFacts> {
  const { instancesPath, preallocateImages, programs = [] } = context.settings;
  const [node, space, drivers, missingPrograms, preallocation, sources] = await Promise.all([
    libvirtOf(context).node(),
    context.host.files.space(instancesPath),
    lookUpDrivers(context),
    missingMkfs(context, programs),
    preallocateImages === "space" ? filesystemOf(context, instancesPath) : undefined,
    lookUpSources(
      context,
      images.map(({ source }) => source),
    ),
  ]);
  return {
    ...node,
    disk: {
      total: space.total,
      free: space.free,
      directIo: space.filesystem === undefined || !withoutDirectIo.has(space.filesystem),
      ...(preallocation === undefined ? {} : { preallocation }),
    },
    ...(missingPrograms.length === 0 ? {} : { missingPrograms }),
    drivers,
    sources,
  };
}

/** Magic numbers of filesystems that refuse O_DIRECT, so that qemu's cache mode `none` fails there (Nova XML-11): tmpfs, ramfs, eCryptfs, old ZFS. */
const withoutDirectIo = new Set([0x01021994, 0x858458f6, 0xf15f, 0x2fc12fc1]);
