import type { Diagnostic } from "../../../model/diagnostic.ts";
import { problem } from "../../../model/problem.ts";
import type { Checked } from "../../disk/checked.ts";

/** Warns of data for a guest that has no config drive. */
export function checkDrives({ config }: Pick<Checked, "config">): Diagnostic[] {
  return Object.entries(config.instances ?? {}).flatMap(([name, instance]) => {
    const unread = (["user_data", "files", "key_pair", "admin_password", "metadata"] as const).filter((key) => instance[key] !== undefined);
    if (instance.config_drive !== false || unread.length === 0) return [];
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
