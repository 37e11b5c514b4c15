import { baseOf } from "../../drivers/content.ts";
import type { Fact } from "../../model/fact.ts";
import { baseExists, bases } from "../image/address.ts";
import type { OwnedDisk } from "./disk.ts";

/** The fact that the base image of a disk exists; none where it has none or is cloned. */
export function baseFacts({ disk, fallback }: Pick<OwnedDisk, "disk" | "fallback">): Fact[] {
  const base = baseOf(disk);
  return base === null || fallback !== null ? [] : [baseExists(bases.at(base.entry))];
}
