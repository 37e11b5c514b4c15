import { find, findAll, type XmlElement } from "../xml.ts";
import { diskSource } from "./disk-source.ts";
import { mountedDisks } from "./mounted-disks.ts";

/** A file, a device or an image that a definition names for a disk. */
export interface NamedLayer {
  /** As `diskSource` writes it. */
  readonly source: string;
  /** As libvirt uses it, which never guesses: `raw` where the definition says nothing. */
  readonly format: string;
}

/** A disk of a definition with everything that the definition names below it. */
export interface DiskLayers {
  /** `vda`. */
  readonly target: string;
  readonly device: string;
  readonly readOnly: boolean;
  /** What the guest writes to; null for an empty drive. */
  readonly top: NamedLayer | null;
  /** The layers below it, the upper ones first, as far as the definition names them. */
  readonly below: readonly NamedLayer[];
  /** The definition names all layers, as that of a running guest does. */
  readonly whole: boolean;
  /** A copy or an active commit that has not ended: `copy`, `active-commit`, and where to. */
  readonly mirror: { readonly job: string; readonly source: string | null } | null;
}

/** The disks of a domain's definition with their layers. Pure. */
export function diskLayers(domain: XmlElement): DiskLayers[] {
  const mounted = mountedDisks(domain).map(
    ({ directory, source, readOnly }): DiskLayers => ({
      target: directory,
      device: "disk",
      readOnly,
      top: { source, format: "raw" },
      below: [],
      whole: true,
      mirror: null,
    }),
  );
  const disks = findAll(find(domain, "devices"), "disk").map((disk): DiskLayers => {
    const source = diskSource(find(disk, "source"));
    const mirror = find(disk, "mirror");
    return {
      target: find(disk, "target")?.attributes["dev"] ?? "",
      device: disk.attributes["device"] ?? "disk",
      readOnly: find(disk, "readonly") !== undefined,
      top: source === undefined ? null : { source, format: find(disk, "driver")?.attributes["type"] ?? "raw" },
      ...layersBelow(disk),
      mirror:
        mirror === undefined
          ? null
          : { job: mirror.attributes["job"] ?? "copy", source: diskSource(find(mirror, "source")) ?? mirror.attributes["file"] ?? null },
    };
  });
  return [...disks, ...mounted];
}

function layersBelow(disk: XmlElement): Pick<DiskLayers, "below" | "whole"> {
  const below: NamedLayer[] = [];
  for (let store = find(disk, "backingStore"); store !== undefined; store = find(store, "backingStore")) {
    const source = diskSource(find(store, "source"));
    // An empty element ends a chain that is named as a whole.
    if (source === undefined) return { below, whole: true };
    below.push({ source, format: find(store, "format")?.attributes["type"] ?? "raw" });
  }
  return { below, whole: false };
}
