import { find, textAt } from "../../../tools/xml.ts";
import { at } from "../draft.ts";
import type { GuestField } from "../field.ts";
import { setText } from "./write.ts";

/** What a guest boots with before its disks. */
export const firmwareFields: readonly GuestField[] = [
  // Nova XML-06.
  {
    path: "kernel",
    want: ({ kernel }) => kernel?.path ?? null,
    owns: ["os/kernel"],
    write: (domain, value) => setText(at(domain, "os", "kernel"), value),
    read: (domain) => textAt(domain, "os", "kernel"),
  },
  {
    path: "initrd",
    want: ({ kernel }) => kernel?.ramdisk ?? null,
    owns: ["os/initrd"],
    write: (domain, value) => setText(at(domain, "os", "initrd"), value),
    read: (domain) => textAt(domain, "os", "initrd"),
  },
  {
    path: "cmdline",
    want: ({ kernel }) => kernel?.commandLine ?? null,
    owns: ["os/cmdline"],
    write: (domain, value) => setText(at(domain, "os", "cmdline"), value),
    read: (domain) => textAt(domain, "os", "cmdline"),
  },
  {
    path: "firmware",
    owns: ["os@firmware", "os/firmware", "os/loader", "os/nvram"],
    read: (domain) => find(domain, "os")?.attributes["firmware"] ?? textAt(domain, "os", "loader"),
  },
];
