import { declared } from "../config/declared.ts";
import { guestFiles } from "../config/guest-files.ts";
import { injectionRecord } from "../disk/injection/record.ts";
import type { Injection, NetworkFile } from "../terms/injection.ts";
import type { SeedInterface } from "../terms/spec.ts";
import { interfacesFile } from "./interfaces-file.ts";
import { networkdFiles } from "./networkd-files.ts";
import { seedInterfaces } from "./seed-interfaces.ts";
import type { WantedGuest } from "./wanted.ts";

/**
 * What is injected into the root disk of a guest; undefined where nothing is, also for one that boots from a volume (Nova INJ-02). `emulated`: the
 * guest runs without KVM.
 */
export function injectionOf(guest: WantedGuest, emulated: boolean): Injection | undefined {
  const { config, settings, instance, image, interfaces } = guest;
  if (instance.inject === undefined || instance.image === undefined || instance.adopt === true) return undefined;
  const { key_pair: keyPair, metadata = {} } = instance;
  const keys = Object.keys(metadata).sort();
  const injection: Injection = {
    // Nova INJ-03: images with a kernel of their own and those of containers are one file system.
    partition:
      instance.inject.partition === "inspect" && (image.kernel !== undefined || settings.virtType === "lxc")
        ? "none"
        : instance.inject.partition,
    publicKey: keyPair === undefined ? null : declared(config.key_pairs, keyPair).public_key,
    network: networkFiles(instance.inject.network ?? "interfaces", seedInterfaces(config, instance, interfaces)),
    metadata: keys.length === 0 ? null : `${JSON.stringify(Object.fromEntries(keys.map((key) => [key, metadata[key]])))}\n`,
    password: instance.admin_password ?? null,
    files: guestFiles(instance),
    emulated,
  };
  return isEmpty(injection) ? undefined : injection;
}

/** The record of what is injected; undefined where nothing is. Pure. */
export function injectedRecord(injection: Injection | undefined): string | undefined {
  return injection === undefined ? undefined : injectionRecord(injection);
}

/** Nova CFG-12 knows the file of ifupdown alone, and a template in its place. */
function networkFiles(format: "interfaces" | "networkd" | "none", interfaces: readonly SeedInterface[]): readonly NetworkFile[] {
  if (format === "none") return [];
  if (format === "networkd") return networkdFiles(interfaces);
  const content = interfacesFile(interfaces);
  return content === null ? [] : [{ path: "/etc/network/interfaces", content }];
}

/** Nova INJ-04: then the disk is not opened. */
function isEmpty({ publicKey, network, metadata, password, files }: Injection): boolean {
  return publicKey === null && network.length === 0 && metadata === null && password === null && files.length === 0;
}
