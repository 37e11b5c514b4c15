import { allDrivers } from "../../drivers/index.ts";
import type { Context } from "../../model/context.ts";

/**
 * Looks at the storage that the configuration names, and at no other: a host without Ceph is asked nothing about it. What each driver
 * found, by name. Throws UnreachableError when a storage does not answer.
 */
export async function lookUpDrivers(context: Context): Promise<Readonly<Record<string, unknown>>> {
  const { drivers = {}, usedDrivers = [] } = context.settings;
  const looks = allDrivers().flatMap((driver) => {
    const { name, look } = driver;
    return look !== undefined && (name in drivers || usedDrivers.includes(name))
      ? [look.call(driver, context, drivers[name]).then((found: unknown) => [name, found] as const)]
      : [];
  });
  return Object.fromEntries(await Promise.all(looks));
}
