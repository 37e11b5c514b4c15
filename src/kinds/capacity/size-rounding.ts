import { roundUp } from "../../drivers/index.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import type { HostFacts } from "../../model/host-facts.ts";
import { instanceFiles } from "../../model/layout.ts";
import { problem } from "../../model/problem.ts";
import { formatQuantity } from "../../model/quantity.ts";
import type { HostSettings } from "../../model/settings.ts";
import { blankDisks } from "../config/blank-disks.ts";
import type { Config } from "../config.ts";

/** A size as it was written. */
interface Written {
  readonly what: string;
  readonly backend: string;
  readonly bytes: number;
}

/** Reports in one note which disks and volumes become larger than requested, because their driver has sizes in steps. */
export function checkRounding(config: Config, facts: HostFacts, settings: HostSettings): Diagnostic[] {
  const rounded = [...instanceSizes(config, settings), ...volumeSizes(config, settings)].flatMap(({ what, backend, bytes }) => {
    const { bytes: gets, why } = roundUp(backend, bytes, facts, settings);
    return gets === bytes ? [] : [{ why, words: `${what}: ${formatQuantity(bytes)} becomes ${formatQuantity(gets)}` }];
  });
  if (rounded.length === 0) return [];
  const words = [...new Set(rounded.map((one) => one.words))];
  const why = [...new Set(rounded.map((one) => one.why))].join("; ");
  const detail = `${words.join(", ")}. The next larger size is used: ${why}.`;
  return [
    problem("disk-size-rounded-up", { summary: "Sizes are rounded up to the granularity of the storage", detail, lasting: true }, "note"),
  ];
}

/** Each size where it is written: many instances of a flavor are one size. */
function instanceSizes(config: Config, settings: HostSettings): Written[] {
  return Object.entries(config.instances ?? {}).flatMap(([name, instance]): Written[] => {
    const flavor = config.flavors?.[instance.flavor];
    if (flavor === undefined || instance.count === 0) return [];
    const backend = instance.images_type ?? settings.imagesType;
    const image = config.images?.[instance.image ?? ""];
    // Without an image it boots from a volume, and a CD is as large as it is.
    const hasRoot = image !== undefined && image.disk_format !== "iso";
    const roles: Readonly<Record<string, string>> = {
      [instanceFiles.local]: "ephemeral",
      ...(instance.swap === undefined ? { [instanceFiles.swap]: "swap" } : {}),
    };
    const blanks = blankDisks(instance, image, flavor).map(({ name: file, size }): Written => {
      const key = roles[file];
      return { what: key === undefined ? `${file} of instance ${name}` : `${key} of flavor ${instance.flavor}`, backend, bytes: size };
    });
    return [...(hasRoot ? [{ what: `disk of flavor ${instance.flavor}`, backend, bytes: flavor.disk }] : []), ...blanks];
  });
}

function volumeSizes(config: Config, settings: HostSettings): Written[] {
  return Object.entries(config.volumes ?? {}).map(([name, { size, images_type }]) => ({
    what: `volume ${name}`,
    backend: images_type ?? settings.imagesType,
    bytes: size,
  }));
}
