import { type Address, addressKind, addressName } from "../../model/address.ts";
import type { Pointer } from "../../model/pointer.ts";
import type { Config } from "../config.ts";
import { pointerOf } from "./pointer-of.ts";

/**
 * Which copy of an entry an object belongs to: the key of `for_each` or the number of `count`. Undefined for an entry that is written once.
 * `copyOf`: what is known of entries whose copies were written out when the files were read.
 */
export function copyIndex(
  address: Address,
  config: Config,
  copyOf: (pointer: Pointer) => string | number | undefined,
): string | number | undefined {
  const pointer = pointerOf(address, config);
  if (pointer === undefined) return undefined;
  const name = addressKind(address) === "disk" ? addressName(address).replace(/\.[^.]*$/, "") : addressName(address);
  const entry = String(pointer[1]);
  const counted = name.slice(entry.length + 1);
  return pointer[0] === "instances" && name.startsWith(`${entry}-`) && /^\d+$/.test(counted) ? Number(counted) : copyOf(pointer);
}
