import { isUuidDirectory } from "../../model/layout.ts";

/** Names of files in `_base` that Nova makes and virtform does not, and what each is. */
const novaNames: readonly (readonly [name: RegExp, meaning: string])[] = [
  [/^[0-9a-f]{40}_(?:\d+|sm)$/, "a grown copy of a base image, as older versions of Nova make it"],
  [/^swap_\d+$/, "an empty swap disk of Nova"],
  [/^ephemeral_\d+_[A-Za-z0-9]+$/, "an empty ephemeral disk of Nova"],
  [/^[0-9a-f]{40}(?:_\d+)?\.(?:info|sha1)$/, "a checksum record of an older Nova"],
];

/** What a file in `_base` is by the names that Nova gives (LAY-04, LAY-06, LAY-07); undefined for any other. Pure. */
export function novaName(name: string): string | undefined {
  if (isUuidDirectory(name)) return "a kernel or ramdisk of an older Nova";
  return novaNames.find(([pattern]) => pattern.test(name))?.[1];
}
