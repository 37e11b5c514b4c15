import { type AddressOf, kindOf } from "../../model/address.ts";
import { existence, factType } from "../../model/fact.ts";
import type { OwnedDiskState } from "./disk-state.ts";

/** `disk/web-0.root`. */
export type DiskAddress = AddressOf<OwnedDiskState>;

/** Disks of instances; `diskAddress` makes their names. */
export const disks = kindOf<OwnedDiskState>("disk");

/** The disk exists, as it should be. */
export const diskExists = existence(disks);

/** It no longer exists. */
export const diskGone = factType(disks, "gone");

/** Its backing file exists again. */
export const backingExists = factType(disks, "backing");

/** It has the content and the size of its snapshot. */
export const rolledBack = factType(disks, "rolled-back");
