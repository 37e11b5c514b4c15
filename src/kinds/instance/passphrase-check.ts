import type { Diagnostic } from "../../model/diagnostic.ts";
import type { Observed } from "../../model/kind.ts";
import { problem } from "../../model/problem.ts";
import { secretPlace } from "../../model/secret.ts";
import type { Checked } from "../disk/checked.ts";
import type { InstanceDisk } from "../disk/disk.ts";
import { mustBeRemade } from "../disk/must-be-remade.ts";
import { diskAddress } from "../terms/disk-name.ts";
import { ownerName } from "../terms/disk-owner.ts";
import { secrets } from "../terms/secret-address.ts";

/** Passphrases that the plan needs and that are not available. A plan that does not open encrypted disks needs none. */
export function checkPassphrases({ secrets: wanted, disks, observed }: Pick<Checked, "secrets" | "disks" | "observed">): Diagnostic[] {
  const byInstance = Map.groupBy(disks, ({ disk }) => ownerName(disk.owner));
  return wanted.flatMap(({ instance, passphrase }): Diagnostic[] => {
    const address = secrets.at(instance);
    const have = observed.get(address);
    const own = byInstance.get(instance) ?? [];
    if (have?.ready === true && !own.some((disk) => needsPassphrase(disk, observed))) return [];
    const status = observed.facts.secrets[secretPlace(passphrase)] ?? "missing";
    if (status === "present") return [];
    const summary = `The passphrase for the disks of ${instance} ${status === "empty" ? "is empty" : "is not available"}`;
    const remedy =
      "env" in passphrase
        ? `Set it (export ${passphrase.env}=…) and run the same command again.`
        : "file" in passphrase
          ? "The file must exist on this machine and be readable."
          : "The program must end with status 0 within 30 s and print the passphrase. Run it to see what is wrong.";
    const detail = `It comes from ${secretPlace(passphrase)}. ${remedy}`;
    return [problem(status === "empty" ? "passphrase-empty" : "passphrase-missing", { summary, detail, address, key: ["encryption"] })];
  });
}

/** Whether a disk is created, or grown while its guest is off. */
function needsPassphrase(want: InstanceDisk, observed: Observed): boolean {
  if (want.disk.encryption === null) return false;
  const have = observed.get(diskAddress(ownerName(want.disk.owner), want.disk.name));
  if (have?.disk === undefined || mustBeRemade(want, have)) return true;
  return !have.running && want.disk.size !== null && want.disk.size > have.disk.size;
}
