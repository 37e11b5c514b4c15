import type { Diagnostic } from "../../model/diagnostic.ts";
import { instanceFiles } from "../../model/layout.ts";
import { problem } from "../../model/problem.ts";
import type { Checked } from "../disk/checked.ts";
import { guests } from "../terms/guest-address.ts";
import { isWanted } from "./files.ts";

/** Links, directories and special files in place of the files beside the disks of a guest: libvirt would write the console log through a link. */
export function checkBlockedFiles({ domains, observed }: Pick<Checked, "domains" | "observed">): Diagnostic[] {
  return domains.flatMap((want) => {
    const address = guests.at(want.instance);
    const blocked = Object.entries(observed.get(address)?.blocked ?? {}).filter(([name]) => isWanted(name, want));
    return blocked.map(([name, { path, obstacle }]) =>
      problem("guest-file-blocked", {
        summary: `${path} is ${obstacle}`,
        detail: `This is the path of ${purposes[name] ?? "a file"} of ${want.instance}. Links are not followed, and only regular files are used. Remove ${obstacle.replace(/^a /, "the ")}; the next apply creates the file again.`,
        address,
      }),
    );
  });
}

const purposes: Readonly<Record<string, string>> = {
  [instanceFiles.console]: "the console log",
  [instanceFiles.xml]: "the copy of the definition",
};
