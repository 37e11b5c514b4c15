import type { Diagnostic } from "../../../model/diagnostic.ts";
import { problem } from "../../../model/problem.ts";
import type { InstanceConfig } from "../../config.ts";
import type { Checked } from "../../disk/checked.ts";

/** Warns of data for a guest that has no config drive, and refuses what NoCloud has no place for. */
export function checkDrives({ config }: Pick<Checked, "config">): Diagnostic[] {
  return Object.entries(config.instances ?? {}).flatMap(([name, instance]) => {
    const unread = (["user_data", "files", "key_pair", "admin_password", "metadata"] as const).filter((key) => instance[key] !== undefined);
    const { config_drive: drive } = instance;
    if (typeof drive === "object" && drive.format === "nocloud") return withoutPlace.flatMap((one) => notOnNocloud(name, instance, one));
    if (drive !== false || unread.length === 0) return [];
    const detail = `${name} has ${unread.join(", ")} and config_drive: false. The guest can read them only from the drive: remove config_drive: false, or remove ${unread.length === 1 ? "the key" : "the keys"}.`;
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
