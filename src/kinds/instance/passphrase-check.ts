import { driverOf } from "../../drivers/index.ts";
import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Observed } from "../../model/kind.ts";
import { problem } from "../../model/problem.ts";
import { type SecretRef, secretPlace, unavailableSecret } from "../../model/secret.ts";
import type { Checked } from "../disk/checked.ts";
import type { OwnedDisk } from "../disk/disk.ts";
import { mustBeRemade } from "../disk/must-be-remade.ts";
import { diskUser } from "../disk/user.ts";
import type { DiskAddress } from "../terms/disk-address.ts";
import { diskAddress } from "../terms/disk-name.ts";
import { ownerName } from "../terms/disk-owner.ts";
import { secretOwnerText, secrets, volumeOfSecret } from "../terms/secret-address.ts";
import { volumes } from "../terms/volume-address.ts";
import { desiredVolume } from "../volume/desired.ts";

/** Passphrases that the plan needs and that are not available. A plan that does not open encrypted disks needs none. */
export function checkPassphrases({ secrets: wanted, disks, observed, config, settings }: Checked): Diagnostic[] {
  const volumesOf = (name: string): OwnedDisk[] =>
    Object.keys(config.volumes ?? {})
      .filter((volume) => volumes.at(volume) === volumeOfSecret(name))
      .map((volume) => desiredVolume({ config, settings, facts: observed.facts }, volume));
  return wanted.flatMap(({ name, owner, passphrase }): Diagnostic[] => {
    const have = observed.get(secrets.at(name));
    const own: readonly OwnedDisk[] = [...disks.filter(({ disk }) => disk.uuid === owner), ...volumesOf(name)];
    const status = observed.facts.secrets[secretPlace(passphrase)] ?? "missing";
    const opened = observed.facts.passphrases?.[owner];
    // Without the secret, apply tries the passphrase on a disk.
    const isKnown = have?.ready === true && status === "present" && opened !== undefined;
    if (isKnown && !opened.includes(secretPlace(passphrase)) && own.some((disk) => isEncryptedNow(disk, observed)))
      return [changedPassphrase(name, passphrase)];
    if (have?.ready === true && !own.some((disk) => needsPassphrase(disk, observed))) return [];
    if (status === "present") return [];
    const summary = `The passphrase for the disks of ${secretOwnerText(name)} ${status === "empty" ? "is empty" : "is not available"}`;
    const detail = `It comes from ${secretPlace(passphrase)}. ${unavailableSecret(passphrase).remedy}`;
    const address = volumeOfSecret(name) ?? secrets.at(name);
    return [problem(status === "empty" ? "passphrase-empty" : "passphrase-missing", { summary, detail, address, key: ["encryption"] })];
  });
}

/** Whether a disk exists, is encrypted, and stays. */
function isEncryptedNow(want: OwnedDisk, observed: Observed): boolean {
  const have = observed.get(addressOf(want));
  return have?.disk?.encryption !== undefined && want.disk.encryption !== null && !mustBeRemade(want, have);
}

function changedPassphrase(name: string, passphrase: SecretRef): Diagnostic {
  return problem("passphrase-wrong", {
    summary: `The passphrase for the disks of ${secretOwnerText(name)} was changed`,
    detail: `They were encrypted with another passphrase than the one that comes from ${secretPlace(passphrase)}, and disks keep theirs: new disks would differ, and after the next start of libvirt the guest could not be started. Provide the earlier one, or change that of the disks; docs/backends.md says how.`,
    address: volumeOfSecret(name) ?? secrets.at(name),
    key: ["encryption"],
  });
}

/** Whether a disk is created, or can only be grown by who opens it. */
function needsPassphrase(want: OwnedDisk, observed: Observed): boolean {
  const { encryption, backend, size } = want.disk;
  if (encryption === null) return false;
  const have = observed.get(addressOf(want));
  if (have?.disk === undefined || mustBeRemade(want, have)) return true;
  const grows = size !== null && size > have.disk.size;
  return grows && driverOf(backend).encryption?.growsOpened === true && diskUser(have, observed)?.running !== true;
}

function addressOf({ kind, disk }: OwnedDisk): DiskAddress {
  const owner = ownerName(disk.owner);
  return kind === "volume" ? volumes.at(owner) : diskAddress(owner, disk.name);
}
