import { dirname } from "node:path/posix";
import { instanceFiles } from "../../../model/layout.ts";
import { find, findAll, textAt, type XmlElement } from "../../../tools/xml.ts";
import type { DomainSpec } from "../../terms/spec.ts";
import { add, at } from "../draft.ts";
import type { GuestField } from "../field.ts";
import { set, setText } from "./write.ts";

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
    // Nova XML-05. libvirt chooses the files of the host that have the wanted features.
    want: (spec) => (isUefi(spec) ? "uefi" : null),
    owns: ["os@firmware"],
    follows: ["os/loader", "os/nvram", "os/firmware"],
    write: (domain) => set(at(domain, "os"), "firmware", "efi"),
    read: (domain) => {
      const firmware = find(domain, "os")?.attributes["firmware"];
      return firmware === "efi" ? "uefi" : firmware === "bios" ? undefined : (firmware ?? textAt(domain, "os", "loader"));
    },
    // A guest that runs has the files that libvirt chose.
    readActive: (domain) => (isActiveUefi(domain) ? "uefi" : textAt(domain, "os", "loader")),
  },
  {
    path: "secure_boot",
    // Without the feature libvirt takes firmware with secure boot where the host has one.
    want: (spec) => (isUefi(spec) ? spec.values["secure_boot"] === true : null),
    owns: [
      "os/firmware/feature[@name=secure-boot]",
      "os/firmware/feature[@name=enrolled-keys]",
      "os/loader@secure",
      "features/smm[@state=on]@state",
    ],
    // They belong to the other firmware.
    follows: ["os/loader", "os/nvram@template"],
    write: (domain, value) => {
      const enabled = value === true ? "yes" : "no";
      const firmware = at(domain, "os", "firmware");
      add(firmware, "feature", { enabled, name: "secure-boot" });
      if (value !== true) return;
      add(firmware, "feature", { enabled, name: "enrolled-keys" });
      set(at(domain, "os", "loader"), "secure", "yes");
      set(at(domain, "features", "smm"), "state", "on");
    },
    read: (domain) => {
      if (find(domain, "os")?.attributes["firmware"] !== "efi") return undefined;
      const feature = findAll(find(domain, "os", "firmware"), "feature").find(({ attributes }) => attributes["name"] === "secure-boot");
      return feature === undefined ? undefined : feature.attributes["enabled"] === "yes";
    },
    readActive: (domain) => (isActiveUefi(domain) ? find(domain, "os", "loader")?.attributes["secure"] === "yes" : undefined),
  },
  {
    path: "uefi_variables",
    // In the directory of the instance they have no name that another guest can get, and go with it.
    want: (spec) => (isUefi(spec) && !spec.adopted ? `${dirname(spec.consoleLog)}/${instanceFiles.nvram}` : null),
    owns: ["os/nvram#"],
    write: (domain, value) => setText(at(domain, "os", "nvram"), value),
    read: (domain) => textAt(domain, "os", "nvram"),
  },
  {
    path: "boot_menu",
    onlyIfSet: true,
    want: ({ values }) => values["boot_menu"] === true || null,
    owns: ["os/bootmenu@enable"],
    write: (domain) => set(at(domain, "os", "bootmenu"), "enable", "yes"),
    read: (domain) => find(domain, "os", "bootmenu")?.attributes["enable"] === "yes" || undefined,
  },
];

function isUefi({ values }: DomainSpec): boolean {
  return values["firmware"] === "uefi";
}

function isActiveUefi(domain: XmlElement): boolean {
  const os = find(domain, "os");
  return os?.attributes["firmware"] === "efi" || (find(os, "loader") !== undefined && find(os, "nvram") !== undefined);
}
