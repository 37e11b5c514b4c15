import { addressKind } from "../model/address.ts";
import { instanceFiles } from "../model/layout.ts";
import type { DiskSpec } from "./driver.ts";

/** A disk within a sentence, by its file name: `root disk of web-0`, `swap disk of web-0`, `kernel of web-0`, `volume data`. Pure. */
export function diskPhrase({ name, owner }: Pick<DiskSpec, "name" | "owner">): string {
  return addressKind(owner.address) === "volume" ? owner.label : `${noun(name)} of ${owner.label}`;
}

/** The same at the beginning of a sentence: `Root disk of web-0`. Pure. */
export function diskPhraseFirst(disk: Pick<DiskSpec, "name" | "owner">): string {
  const phrase = diskPhrase(disk);
  return phrase.charAt(0).toUpperCase() + phrase.slice(1);
}

function noun(name: string): string {
  if (name === instanceFiles.root) return "root disk";
  if (name === instanceFiles.configDrive) return "config drive";
  return name.startsWith("disk.") ? `${name.slice("disk.".length)} disk` : name;
}
