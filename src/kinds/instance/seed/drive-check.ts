import type { Diagnostic } from "../../../model/diagnostic.ts";
import { problem } from "../../../model/problem.ts";
import { hasConfigDrive } from "../../config/has-config-drive.ts";
import type { InstanceConfig } from "../../config.ts";
import type { Checked } from "../../disk/checked.ts";

const guestData = ["user_data", "files", "key_pair", "admin_password", "metadata"] as const;
const onlyOnDrive = ["user_data", "hostname"] as const;

/** Warns of data for a guest that has no config drive, and refuses what NoCloud has no place for. `checkContainers` does so for containers. */
export function checkDrives({ config }: Pick<Checked, "config">): Diagnostic[] {
  if (config.host?.virt_type === "lxc") return [];
  return Object.entries(config.instances ?? {}).flatMap(([name, instance]) => {
    const { config_drive: drive, inject } = instance;
    if (inject === undefined && typeof drive === "object" && drive.format === "nocloud")
      return withoutPlace.flatMap((one) => notOnNocloud(name, instance, one));
    // With inject, everything else is in the root disk.
    const unread = (inject === undefined ? guestData : onlyOnDrive).filter((key) => instance[key] !== undefined);
    if (hasConfigDrive(config, instance) || instance.adopt === true || unread.length === 0) return [];
    const written = inject === undefined ? "config_drive: false" : "inject";
    const detail = `${name} has ${unread.join(", ")} and ${written}. The guest can read ${unread.length === 1 ? "it" : "them"} only from a config drive: remove ${written}, or remove ${unread.length === 1 ? "the key" : "the keys"}.`;
    return [
      problem(
        "unread-guest-data",
        { summary: `The guest of ${name} will not see its ${unread.join(", ")}`, detail, pointer: ["instances", name] },
        "warning",
      ),
    ];
  });
}

const withoutPlace = [
  { key: "files", remedy: "Write them into write_files of the user data" },
  { key: "admin_password", remedy: "Set it with chpasswd of the user data" },
] as const;

function notOnNocloud(name: string, instance: InstanceConfig, { key, remedy }: (typeof withoutPlace)[number]): Diagnostic[] {
  if (instance[key] === undefined) return [];
  const detail = `${remedy}, or choose another format of the drive.`;
  return [
    problem("nocloud-without-place", { summary: `A NoCloud drive has no place for ${key}`, detail, pointer: ["instances", name, key] }),
  ];
}
