import { type AddressOf, kindOf } from "../../model/address.ts";
import { existence, factType } from "../../model/fact.ts";
import type { OwnedDiskState } from "./disk-state.ts";

/** `volume/data`. */
export type VolumeAddress = AddressOf<OwnedDiskState>;

/** Volumes, by the name in the configuration. */
export const volumes = kindOf<OwnedDiskState>("volume");

/** The volume exists, as it should be. */
export const volumeExists = existence(volumes);

/** It no longer exists. */
export const volumeGone = factType(volumes, "gone");
