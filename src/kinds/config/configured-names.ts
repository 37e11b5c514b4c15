import { ephemeralFileName } from "../terms/disk-name.ts";
import { instanceNames } from "./instance-names.ts";

/** What a configuration declares, by the names that people write on a command line. */
export interface ConfiguredNames {
  readonly instances: readonly string[];
  readonly images: readonly string[];
  readonly volumes: readonly string[];
  /** Addresses of objects that follow from them: `domain/web-0`, `disk/web-0.root`. */
  readonly addresses: readonly string[];
}

/** A shell gets the names as they are, so none with a character that means something to it. */
const plain = /^[a-zA-Z0-9][a-zA-Z0-9._-]*$/;
/** The most that an entry is multiplied by. */
const mostCopies = 100_000;

/**
 * The names in a configuration that may have mistakes or be unfinished: parts without a meaning and names that are not allowed are left
 * out. Pure.
 */
export function configuredNames(config: unknown): ConfiguredNames {
  const section = (name: string) => Object.entries(mapping(mapping(config)[name])).filter(([entry]) => plain.test(entry));
  const isContainer = mapping(mapping(config)["host"])["virt_type"] === "lxc";
  const guests = section("instances").flatMap(([entry, written]) => {
    const instance = mapping(written);
    const count = typeof instance["count"] === "number" ? Math.min(instance["count"], mostCopies) : undefined;
    return instanceNames(entry, count).map((name) => ({ name, instance }));
  });
  const images = section("images").map(([name]) => name);
  const volumes = section("volumes").map(([name]) => name);
  const networks = section("networks").flatMap(([name, network]) => (mapping(network)["external"] === true ? [] : [name]));
  return {
    instances: guests.map(({ name }) => name),
    images,
    volumes,
    addresses: [
      ...guests.flatMap(({ name, instance }) => addressesOf(name, instance, isContainer)),
      ...volumes.map((name) => `volume/${name}`),
      ...networks.map((name) => `network/${name}`),
      ...images.map((name) => `image/${name}`),
    ],
  };
}

function addressesOf(
  name: string,
  { image, ephemerals, adopt, config_drive, inject }: Readonly<Record<string, unknown>>,
  isContainer: boolean,
): string[] {
  if (adopt === true) return [`domain/${name}`];
  const disks = Array.isArray(ephemerals) ? ephemerals.map((_, index) => ephemeralFileName(index).replace("disk.", "")) : [];
  return [
    `domain/${name}`,
    ...(image === undefined ? [] : [`disk/${name}.root`]),
    ...disks.map((disk) => `disk/${name}.${disk}`),
    ...(config_drive === false || inject !== undefined || isContainer ? [] : [`seed/${name}`]),
  ];
}

function mapping(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
