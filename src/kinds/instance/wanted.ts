import { declared } from "../config/declared.ts";
import { ephemeralFiles } from "../config/ephemeral-files.ts";
import { hardwareInput } from "../config/hardware/hardware-input.ts";
import { hardwareOf } from "../config/hardware/hardware-of.ts";
import { imageOf } from "../config/image-of.ts";
import { instanceNames } from "../config/instance-names.ts";
import { type Rescue, rescueOf } from "../config/rescue-of.ts";
import { rootVolumeOf } from "../config/root-volume-of.ts";
import type { Wanted } from "../config/wanted.ts";
import type { Config, FlavorConfig, ImageConfig, InstanceConfig } from "../config.ts";
import { interfacesOf } from "../guest/interfaces.ts";
import type { FieldValue } from "../terms/domain-state.ts";
import { guests } from "../terms/guest-address.ts";
import { identityOf } from "../terms/identity.ts";
import type { InterfaceSpec } from "../terms/spec.ts";

/** One guest that is wanted, with what its disks, its config drive and its domain are made from. */
export interface WantedGuest extends Wanted {
  readonly project: string;
  readonly name: string;
  readonly uuid: string;
  /** The name that it was created as, from which its uuid and MAC addresses are derived. */
  readonly origin: string;
  /** Its entry of `instances`. */
  readonly entry: string;
  /** Position within `count`. */
  readonly index: number;
  readonly instance: InstanceConfig;
  /** Of its own, or of the volume that it boots from. */
  readonly image: Partial<ImageConfig>;
  readonly flavor: FlavorConfig;
  readonly rescue: Rescue | null;
  readonly interfaces: readonly InterfaceSpec[];
  /** The file names of the ephemerals that it declares. */
  readonly ephemeralFiles: readonly string[];
  /** Settings of the hardware by path. */
  readonly hardware: Readonly<Record<string, FieldValue>>;
}

/** Several kinds ask for the guests of one configuration. */
const known = new WeakMap<Config, Wanted & { readonly guests: readonly WantedGuest[] }>();

/** Every guest that the configuration declares. One without a root disk is left out; `checkRootDisks` reports it. */
export function wantedGuests({ config, settings, facts }: Wanted): readonly WantedGuest[] {
  const before = known.get(config);
  if (before?.settings === settings && before.facts === facts) return before.guests;
  const guests = declaredGuests({ config, settings, facts });
  known.set(config, { config, settings, facts, guests });
  return guests;
}

function declaredGuests(wanted: Wanted): WantedGuest[] {
  return Object.entries(wanted.config.instances ?? {}).flatMap(([entry, instance]) => {
    if (instance.image === undefined && rootVolumeOf(instance) === undefined && instance.adopt !== true) return [];
    const hardware = hardwareOf(hardwareInput(wanted.config, entry, instance));
    return instanceNames(entry, instance.count).map((name, index) => wantedGuest(wanted, { entry, instance, name, index, hardware }));
  });
}

function wantedGuest(wanted: Wanted, guest: Pick<WantedGuest, "entry" | "instance" | "name" | "index" | "hardware">): WantedGuest {
  const { entry, instance, name, index, hardware } = guest;
  const { config } = wanted;
  const project = config.project ?? "default";
  const image = imageOf(config, instance);
  const identity = identityOf("instance", { project, name, address: guests.at(name), given: instance.uuid }, wanted.facts);
  return {
    ...wanted,
    project,
    entry,
    name,
    ...identity,
    index,
    instance,
    image,
    flavor: declared(config.flavors, instance.flavor),
    rescue: rescueOf(config, instance) ?? null,
    ephemeralFiles: ephemeralFiles(instance, wanted.facts.identities?.[guests.at(name)]?.ephemerals),
    interfaces: interfacesOf(instance, image, config, identity.origin),
    hardware,
  };
}
