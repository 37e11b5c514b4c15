import { type AddressOf, kindOf } from "../../model/address.ts";
import { existence, factType } from "../../model/fact.ts";
import type { VolumeState } from "./volume-state.ts";

/** `volume/data`. */
export type VolumeAddress = AddressOf<VolumeState>;

/** Volumes, by the name in the configuration. */
export const volumes = kindOf<VolumeState>("volume");

/** The volume exists, as it should be. */
export const volumeExists = existence(volumes);

/** It does not exist any more. */
export const volumeGone = factType(volumes, "gone");
