import type { Diagnostic } from "../../../model/diagnostic.ts";
import { problem } from "../../../model/problem.ts";
import type { Checked } from "../../disk/checked.ts";

/** Warns of what is meant for a guest that has no config drive to read it from. */
export function checkDrives({ config }: Pick<Checked, "config">): Diagnostic[] {
  return Object.entries(config.instances ?? {}).flatMap(([name, instance]) => {
    const unread = (["user_data", "key_pair", "admin_password", "metadata"] as const).filter((key) => instance[key] !== undefined);
    if (instance.config_drive !== false || unread.length === 0) return [];
    const detail = `${name} has ${unread.join(", ")} and config_drive: false. The drive is the only way by which a guest learns of them: leave config_drive out, or leave them out.`;
    return [
      problem(
        "nobody-reads-it",
        { summary: `The guest of ${name} will not see its ${unread.join(", ")}`, detail, pointer: ["instances", name] },
        "warning",
      ),
    ];
  });
}
