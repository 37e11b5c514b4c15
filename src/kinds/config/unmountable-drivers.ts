import { allDrivers, driverOf } from "../../drivers/index.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import { problem } from "../../model/problem.ts";
import type { Config } from "../config.ts";

/** Instances whose disks libvirt cannot mount as the root file system of a container. `usual`: the driver of disks that name none. Pure. */
export function unmountableDrivers({ instances = {} }: Pick<Config, "instances">, usual: string): Diagnostic[] {
  const able = allDrivers().flatMap(({ name, traits }) => (traits.mountable === true ? [name] : []));
  const found = Object.entries(instances).flatMap(([entry, { images_type: own }]) => {
    const driver = own ?? usual;
    if (driverOf(driver).traits.mountable === true) return [];
    const detail = `libvirt mounts the root file system of a container from a raw file or a block device. Write images_type: ${able.join(" or ")}, or remove the key.`;
    return [
      problem("container-impossible", {
        summary: `images_type: ${driver} is not possible with virt_type: lxc`,
        detail,
        pointer: own === undefined ? ["host", "images_type"] : ["instances", entry, "images_type"],
      }),
    ];
  });
  return [...new Map(found.map((one) => [JSON.stringify(one), one])).values()];
}
