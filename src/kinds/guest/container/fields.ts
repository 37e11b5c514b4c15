import { find, findAll, textAt } from "../../../tools/xml.ts";
import { add, at } from "../draft.ts";
import type { GuestField } from "../field.ts";
import { set, setText } from "../fields/write.ts";

const root = "devices/filesystem[target@dir=/]";

/** What containers have and virtual machines have not (Nova CTR-01). */
export const containerFields: readonly GuestField[] = [
  {
    path: "init",
    want: ({ init }) => (init === undefined ? null : initText(init)),
    owns: ["os/init", "os/initarg"],
    write: (domain, _value, { init = [] }) => {
      const [program = "", ...args] = init;
      const os = at(domain, "os");
      setText(at(os, "init"), program);
      for (const argument of args) add(os, "initarg", {}, argument);
    },
    read: (domain) => {
      const os = find(domain, "os");
      const program = textAt(os, "init");
      return program === undefined ? undefined : initText([program, ...findAll(os, "initarg").map(({ text }) => text)]);
    },
  },
  {
    path: "root",
    // libvirt attaches a file to a loop device and mounts that, or a block device, in the namespace of the container: the host never has it mounted, and the
    // kernel releases them with the container's last process.
    want: ({ disks: [disk] }) => disk?.attachment.source ?? null,
    owns: [root],
    write: (domain, value, { disks: [disk] }) => {
      const type = disk?.attachment.type === "block" ? "block" : "file";
      const system = add(at(domain, "devices"), "filesystem", { type, accessmode: "passthrough" });
      if (type === "file") add(system, "driver", { type: "loop", format: "raw" });
      add(system, "source", { [type === "file" ? "file" : "dev"]: String(value) });
      add(system, "target", { dir: "/" });
    },
    read: (domain) => {
      const system = findAll(find(domain, "devices"), "filesystem").find((one) => find(one, "target")?.attributes["dir"] === "/");
      const { file, dev, dir } = find(system, "source")?.attributes ?? {};
      return file ?? dev ?? dir;
    },
  },
  {
    path: "console",
    fixed: true,
    want: () => "pty",
    owns: ["devices/console[1]@type"],
    write: (domain, value) => set(at(domain, "devices", "console"), "type", value),
    read: (domain) => find(domain, "devices", "console")?.attributes["type"],
  },
  {
    path: "private_network",
    fixed: true,
    // Without it and without interfaces, a container has the interfaces of the host.
    want: () => true,
    owns: ["features/privnet"],
    write: (domain) => at(domain, "features", "privnet"),
    read: (domain) => (find(domain, "features", "privnet") === undefined ? undefined : true),
  },
];

/** Program and arguments on one line; those with other characters than words have are in quotes. */
function initText(words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : JSON.stringify(word))).join(" ");
}
